/** The icons, drawn here so that none is fetched from elsewhere. */

import type { ReactNode } from "react";

const PATHS = {
  inbox: "M4 13.5 6.5 5h11L20 13.5V19H4zM4 13.5h4.5l1.2 2.5h4.6l1.2-2.5H20",
  bell: "M6.5 16.5V11a5.5 5.5 0 0 1 11 0v5.5l1.5 1.5H5zM10 20.5h4",
  tasks: "M4 5.5h2M4 12h2M4 18.5h2M9.5 5.5H20M9.5 12H20M9.5 18.5H20",
  plus: "M12 5v14M5 12h14",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM20 20l-4-4",
  check: "M5 12.5l4.5 4.5L19 7",
  cross: "M6 6l12 12M18 6L6 18",
  alert: "M12 4 2.8 19.5h18.4L12 4ZM12 10v4.5M12 17.2v.1",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 11v5.5M12 7.6v.1",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7v5.5l3.5 2",
  hand: "M8 12V6a1.6 1.6 0 0 1 3.2 0v5V4.6a1.6 1.6 0 0 1 3.2 0V11 6a1.6 1.6 0 0 1 3.2 0v8.5a6.5 6.5 0 0 1-6.5 6.5c-2.4 0-3.9-1-5.2-3L4 14.6a1.6 1.6 0 0 1 2.6-1.8L8 14.5",
  play: "M8 5.5v13l10.5-6.5L8 5.5Z",
  pause: "M8.5 5.5v13M15.5 5.5v13",
  stop: "M7 7h10v10H7z",
  step: "M6 5.5v13L15 12 6 5.5ZM18 5.5v13",
  ban: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM5.8 5.8l12.4 12.4",
  copy: "M9 9h10.5v10.5H9zM5 15H4.5V4.5H15V5",
  download: "M12 4v11M7.5 11 12 15.5 16.5 11M4.5 19.5h15",
  trash: "M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 12.5h9l1-12.5",
  down: "M12 5v13M6.5 12.5 12 18l5.5-5.5",
  up: "M12 19V6M6.5 11.5 12 6l5.5 5.5",
  left: "M19 12H5.5M11.5 6 5.5 12l6 6",
  link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.6-5.7l-1.6 1.6M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.6 5.7l1.6-1.6",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4",
  moon: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z",
  auto: "M12 20.5a8.5 8.5 0 1 0 0-17v17Z M12 3.5a8.5 8.5 0 0 0 0 17",
  help: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 16.6v.1",
  command: "M9 9h6v6H9zM9 9V6.5A2.5 2.5 0 1 0 6.5 9H9ZM15 9V6.5A2.5 2.5 0 1 1 17.5 9H15ZM15 15v2.5a2.5 2.5 0 1 0 2.5-2.5H15ZM9 15v2.5A2.5 2.5 0 1 1 6.5 15H9Z",
  retry: "M4.5 12a7.5 7.5 0 1 1 2.2 5.3M4.5 20v-5h5",
  wrap: "M4 6h16M4 12h13a3 3 0 0 1 0 6h-4M15.5 15.5 13 18l2.5 2.5M4 18h5",
  events: "M3 12h4l2.5-7 5 14 2.5-7h4",
  queue: "M4.5 5h15v4h-15zM4.5 12.5h15M4.5 17h15",
  memory: "M5 6.5c0-3.3 14-3.3 14 0v11c0 3.3-14 3.3-14 0zM5 6.5c0 3.3 14 3.3 14 0M5 12c0 3.3 14 3.3 14 0",
  server: "M4.5 4.5h15v6h-15zM4.5 13.5h15v6h-15zM8 7.5h.1M8 16.5h.1",
  plug: "M9 3.5v5M15 3.5v5M6.5 8.5h11v3a5.5 5.5 0 0 1-11 0zM12 17v4",
  people: "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 19.5c0-7 13-7 13 0M15.5 4.9a3.5 3.5 0 0 1 0 6.2M17.5 14.6c2.4.5 4 2.1 4 4.9",
  person: "M12 11.5a3.8 3.8 0 1 0 0-7.6 3.8 3.8 0 0 0 0 7.6ZM4.5 20.5c0-8 15-8 15 0",
  compass: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM15.8 8.2l-2.3 5.3-5.3 2.3 2.3-5.3z",
  spark: "M12 3.5l2.4 6.1 6.1 2.4-6.1 2.4-2.4 6.1-2.4-6.1L3.5 12l6.1-2.4z",
  send: "M20.5 3.5 3.5 10.6l6.6 3.3 3.3 6.6zM20.5 3.5 10.1 13.9",
  workflow: "M3.5 5.5h6v5h-6zM14.5 13.5h6v5h-6zM9.5 8h2.5v8h2.5",
  undo: "M8.5 5 4.5 9l4 4M4.5 9H14a5 5 0 0 1 0 10h-3.5",
  redo: "M15.5 5l4 4-4 4M19.5 9H10a5 5 0 0 0 0 10h3.5",
  arrange: "M3.5 9.5h5v5h-5zM15.5 4h5v5h-5zM15.5 15h5v5h-5zM8.5 12h3.5M15.5 6.5H12v11h3.5",
  frame: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M9 9h6v6H9z",
  group: "M4 4.5h16v15H4zM4 9h16",
  note: "M5 4.5h14v9.5l-5.5 5.5H5zM13.5 19.5V14H19",
  save: "M5 4.5h11l3.5 3.5v11.5h-15zM8 4.5V9h7V4.5M8 19.5V14h8v5.5",
  upload: "M12 15.5v-11M7.5 9 12 4.5 16.5 9M4.5 19.5h15",
  more: "M5.6 11.6a.4.4 0 1 0 0 .8.4.4 0 0 0 0-.8ZM12 11.6a.4.4 0 1 0 0 .8.4.4 0 0 0 0-.8ZM18.4 11.6a.4.4 0 1 0 0 .8.4.4 0 0 0 0-.8Z",
  map: "M4 6.5 9.5 4l5 2.5L20 4v13.5L14.5 20l-5-2.5L4 20zM9.5 4v13.5M14.5 6.5V20",
  library: "M4 4.5h7v7H4zM4 14.5h7v5H4zM14 4.5h6v5h-6zM14 12.5h6v7h-6z",
  edit: "M5 19l.8-3.8L16.5 4.5l3 3L8.8 18.2zM14 7l3 3",
  right: "M9 5.5l6.5 6.5L9 18.5",
  minus: "M5 12h14",
  metrics: "M4 4v15.5h16M7.5 15l3.5-4.5 3 2.5 5-7",
  connections: "M6 8.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM18 8.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM12 20.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM8.5 6h7M7 8.3l3.8 7.4M17 8.3l-3.8 7.4",
  megaphone: "M4 10v4h3l9 4.5v-13L7 10zM16 9.5a3 3 0 0 1 0 5M8 14.5 9 20h2.5",
  table: "M4 5h16v14H4zM4 10h16M4 14.5h16M10 10v9",
  unplug: "M9 3.5v5M15 3.5v5M6.5 8.5h11V11a5.5 5.5 0 0 1-11 0zM12 16.5v4",
  lock: "M6 11h12v8.5H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  spin: "M12 3.5a8.5 8.5 0 1 1-8.5 8.5",
} as const;

export type IconName = keyof typeof PATHS;

/** An icon; beside words it says nothing of its own. */
export function Icon({ name, className }: { name: IconName; className?: string }): ReactNode {
  return (
    <svg className={className ? `icon ${className}` : "icon"} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
