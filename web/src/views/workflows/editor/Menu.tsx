/** A list of things to do, under a button or at the pointer. Arrow keys move in it; Escape and a click elsewhere close it. */

import { useEffect, useLayoutEffect, useRef, type KeyboardEvent, type ReactNode } from "react";
import { Keys } from "../../../shell/Help";
import { Icon, type IconName } from "../../../ui/Icon";

export interface MenuItem {
  icon: IconName;
  title: string;
  keys?: string;
  run: () => void;
}

interface Props {
  label: string;
  items: readonly MenuItem[];
  /** Where it opens, in pixels of the window; below what it stands in where this is left out. */
  at?: { x: number; y: number };
  onClose: () => void;
}

const MARGIN = 8;

export function Menu({ label, items, at, onClose }: Props): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const menu = box.current;
    if (!menu || !at) return;
    const { width, height } = menu.getBoundingClientRect();
    menu.style.left = `${Math.max(MARGIN, Math.min(at.x, innerWidth - width - MARGIN))}px`;
    menu.style.top = `${Math.max(MARGIN, Math.min(at.y, innerHeight - height - MARGIN))}px`;
  }, [at]);
  useEffect(() => {
    const before = document.activeElement;
    box.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus({ preventScroll: true });
    const away = (event: Event): void => {
      if (!box.current?.parentElement?.contains(event.target as Node) || (at && !box.current.contains(event.target as Node))) onClose();
    };
    document.addEventListener("pointerdown", away, true);
    return () => {
      document.removeEventListener("pointerdown", away, true);
      // What was chosen may have taken the focus itself.
      if (before instanceof HTMLElement && (document.activeElement === document.body || document.activeElement === null)) before.focus({ preventScroll: true });
    };
  }, [at, onClose]);
  const onKey = (event: KeyboardEvent): void => {
    const all = [...(box.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const place = all.indexOf(document.activeElement as HTMLElement);
    if (event.key === "ArrowDown") all[(place + 1) % all.length]?.focus();
    else if (event.key === "ArrowUp") all[(place - 1 + all.length) % all.length]?.focus();
    else if (event.key === "Home") all[0]?.focus();
    else if (event.key === "End") all.at(-1)?.focus();
    else if (event.key === "Escape" || event.key === "Tab") onClose();
    else if (event.key !== "Enter" && event.key !== " ") return;
    else {
      event.stopPropagation();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="wf-menu" role="menu" aria-label={label} ref={box} data-at-pointer={at ? true : undefined} onKeyDown={onKey} onContextMenu={(event) => event.preventDefault()}>
      {items.map(({ icon, title, keys, run }) => (
        <button
          key={title}
          type="button"
          role="menuitem"
          tabIndex={-1}
          onClick={() => {
            onClose();
            run();
          }}
        >
          <Icon name={icon} />
          <span>{title}</span>
          {keys && <Keys keys={keys} />}
        </button>
      ))}
    </div>
  );
}
