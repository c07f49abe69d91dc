/** Tasks: the list beside what is open in it, a session or the form that starts one. */

import { useState, type ReactNode } from "react";
import { useCallboard } from "@callboard/client/react";
import { useSeesLists } from "../../identity/may";
import { useCommands } from "../../shell/commands";
import type { ViewProps } from "../../shell/registry";
import { navigate, useSearch } from "../../shell/router";
import { useBoard, useBoardOf } from "./board";
import { useLoadedKinds } from "./kinds";
import { SessionList } from "./list/SessionList";
import { sorted } from "./list/sort";
import { paths } from "./paths";
import { isOffered } from "../welcome/kinds";
import { filterOf } from "./query";
import { titleOf } from "../../ui/names";
import { SessionView } from "./session/SessionView";
import { StartPanel } from "./start/StartPanel";
import { sessionNote } from "../../ui/Status";
import "./tasks.css";

const PAGE = 50;
/** All that are listed are asked for anew every two seconds. */
const MOST = 1000;

export default function TasksView({ rest }: ViewProps): ReactNode {
  const client = useCallboard();
  const filter = filterOf(useSearch());
  const [limit, setLimit] = useState(PAGE);
  const open = rest[0] ?? null;
  const seesLists = useSeesLists();
  useBoardOf(client, filter, limit, seesLists);
  const { kinds } = useLoadedKinds(client);
  const rows = useBoard((board) => board.rows);

  const step = (by: number): void => {
    if (!rows || rows.length === 0) return;
    const listed = sorted(rows, filter.sort, Date.now() / 1000 + client.clockSkew);
    const at = listed.findIndex((row) => row.session_id === open);
    const next = listed[at < 0 ? 0 : Math.min(listed.length - 1, Math.max(0, at + by))];
    if (next) navigate(paths.session(next.session_id, filter));
  };
  useCommands(
    [
      { id: "new", title: "Start a task", group: "Tasks", keys: "n", scope: "sessions:start", run: () => navigate(paths.start(null, filter)) },
      { id: "down", title: "Next session", group: "Tasks", keys: "j", run: () => step(1) },
      { id: "up", title: "Previous session", group: "Tasks", keys: "k", run: () => step(-1) },
      { id: "list", title: "Back to the list", group: "Tasks", keys: "u", run: () => navigate(paths.list(filter)) },
      { id: "waiting", title: "Show sessions that wait for people", group: "Tasks", keys: "w", run: () => navigate(paths.list({ ...filter, status: "waiting" })) },
      ...(kinds ?? []).filter(isOffered).map(({ name }) => ({ id: `start-${name}`, title: `Start ${name}`, group: "Start", scope: "sessions:start" as const, run: () => navigate(paths.start(name, filter)) })),
    ],
    `tasks ${kinds?.length}`,
  );
  useCommands(
    (rows ?? []).slice(0, 50).map((row) => ({
      id: `open-${row.session_id}`,
      title: titleOf(row),
      note: sessionNote(row),
      words: `${row.task} ${row.session_id}`,
      group: "Sessions",
      run: () => navigate(paths.session(row.session_id, filter)),
    })),
    (rows ?? []).slice(0, 50).map((row) => `${row.session_id}${row.status}`).join(),
  );

  return (
    <div className="tasks" data-open={open ? true : undefined}>
      {seesLists && <SessionList filter={filter} open={open} onMore={limit < MOST ? () => setLimit(limit + PAGE) : null} />}
      {open && (
        <div className="detail">
          {open === "new" ? <StartPanel kind={rest[1] ?? null} filter={filter} /> : <SessionView key={open} id={open} tab={rest[1] ?? "conversation"} filter={filter} />}
        </div>
      )}
    </div>
  );
}
