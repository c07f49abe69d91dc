/** The list of sessions, its filters, and what can be done with several at once. */

import { useState, type ReactNode } from "react";
import { useCallboard } from "@callboard/client/react";
import { CallboardError, hasEnded, type SessionRow } from "@callboard/client";
import { useCommands } from "../../../shell/commands";
import { Link, navigate } from "../../../shell/router";
import { tell } from "../../../shell/toasts";
import { Dialog } from "../../../ui/Dialog";
import { Icon } from "../../../ui/Icon";
import { useNow } from "../../../ui/time";
import { refreshBoard, useBoard } from "../board";
import { useKinds } from "../kinds";
import { paths } from "../paths";
import { FILTERS, type Filter } from "../query";
import { Row } from "./Row";

interface Props {
  filter: Filter;
  open: string | null;
  onMore: () => void;
}

export function SessionList({ filter, open, onMore }: Props): ReactNode {
  const { rows, more, tails, error } = useBoard();
  const client = useCallboard();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const now = useNow(1000) + client.clockSkew;
  const shown = rows ?? [];
  const picked = shown.filter((row) => chosen.has(row.session_id));
  const pick = (id: string, on: boolean): void =>
    setChosen((before) => {
      const next = new Set(before);
      if (on) next.add(id);
      else next.delete(id);
      return next;
    });
  useCommands(
    [
      {
        id: "choose", title: "Choose the open session, for doing something with several", group: "Tasks", keys: "x",
        run: () => open && open !== "new" && pick(open, !chosen.has(open)),
      },
    ],
    "list",
  );
  return (
    <section className="list" aria-label="Sessions">
      <ListHead key={filter.label} filter={filter} />
      {picked.length > 0 && <Bulk picked={picked} onDone={() => setChosen(new Set())} />}
      {error && (
        <div className="notice" data-tone="warn" role="alert">
          <Icon name="alert" />
          <span className="grow">{error} The list shows what was known before.</span>
          <button type="button" className="button small" onClick={refreshBoard}>
            Try now
          </button>
        </div>
      )}
      <div className="rows">
        <ul aria-label="Sessions, newest first">
          {shown.map((row) => (
            <Row
              key={row.session_id}
              row={row}
              tail={tails.get(row.session_id)}
              now={now}
              filter={filter}
              isOpen={row.session_id === open}
              isChosen={chosen.has(row.session_id)}
              anyChosen={picked.length > 0}
              onChoose={pick}
            />
          ))}
        </ul>
        {rows === null && !error && <p className="loading">Loading the sessions…</p>}
        {rows?.length === 0 && <Empty filter={filter} />}
        {more && (
          <button type="button" className="button quiet more" onClick={onMore}>
            Show older sessions
          </button>
        )}
      </div>
    </section>
  );
}

function ListHead({ filter }: { filter: Filter }): ReactNode {
  const kinds = useKinds((state) => state.kinds);
  const [label, setLabel] = useState(filter.label);
  const go = (changes: Partial<Filter>): void => navigate(`${location.pathname}${paths.list({ ...filter, ...changes }).replace(/^[^?]*/, "")}`);
  return (
    <div className="list-head">
      <div className="list-title">
        <h1>Sessions</h1>
        <Link className="button primary" to={paths.start(null, filter)}>
          <Icon name="plus" />
          Start a task
        </Link>
      </div>
      <div className="filters">
        <div className="chips" role="group" aria-label="Show">
          {FILTERS.map(({ id, title }) => (
            <button key={id} type="button" className="chip" aria-pressed={filter.status === id} onClick={() => go({ status: id })}>
              {title}
            </button>
          ))}
        </div>
        <div className="filter-fields">
          <select aria-label="Kind of task" value={filter.task} onChange={(event) => go({ task: event.target.value })}>
            <option value="">Every kind</option>
            {(kinds ?? []).map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
          <form
            role="search"
            onSubmit={(event) => {
              event.preventDefault();
              go({ label: label.trim() });
            }}
          >
            <input
              type="search"
              aria-label="Label, such as team=red"
              placeholder="label=value"
              value={label}
              onChange={(event) => setLabel(event.target.value)}
              onBlur={() => label.trim() !== filter.label && go({ label: label.trim() })}
            />
          </form>
        </div>
      </div>
    </div>
  );
}

function Empty({ filter }: { filter: Filter }): ReactNode {
  const kinds = useKinds((state) => state.kinds);
  if (filter.status || filter.task || filter.label) {
    return (
      <div className="empty">
        <h2>{filter.status === "waiting" ? "Nothing waits for you" : "No session fits these filters"}</h2>
        <p>{filter.status === "waiting" ? "When a task asks something, it stands here." : "Take a filter away to see more."}</p>
        <Link className="button" to={paths.list({ status: "", task: "", label: "" })}>
          Show all sessions
        </Link>
      </div>
    );
  }
  return (
    <div className="empty">
      <h2>Nothing has been started yet</h2>
      <p>Start a task: you see what it does, and it asks you here when it needs you.</p>
      <div className="empty-kinds">
        {(kinds ?? []).map(({ name }) => (
          <Link key={name} className="button" to={paths.start(name, filter)}>
            <Icon name="play" />
            {name}
          </Link>
        ))}
      </div>
    </div>
  );
}

function Bulk({ picked, onDone }: { picked: readonly SessionRow[]; onDone: () => void }): ReactNode {
  const client = useCallboard();
  const [asking, setAsking] = useState<"cancel" | "remove" | null>(null);
  const live = picked.filter((row) => !hasEnded(row.status));
  const ended = picked.filter((row) => hasEnded(row.status));
  const act = async (what: "cancel" | "remove"): Promise<void> => {
    setAsking(null);
    const rows = what === "cancel" ? live : ended;
    const results = await Promise.allSettled(rows.map((row): Promise<unknown> => (what === "cancel" ? client.cancel(row.session_id) : client.remove(row.session_id))));
    const failures = results.filter((result) => result.status === "rejected");
    const word = what === "cancel" ? "cancelled" : "removed";
    const [first] = failures;
    if (!first) tell(`${rows.length} ${rows.length === 1 ? "session" : "sessions"} ${word}.`, "good");
    else tell(`${failures.length} of ${rows.length} could not be ${word}: ${first.reason instanceof CallboardError ? first.reason.message : String(first.reason)}`, "bad");
    onDone();
    refreshBoard();
  };
  return (
    <div className="bulk" role="group" aria-label="Chosen sessions">
      <strong>{picked.length} chosen</strong>
      <button type="button" className="button small danger" disabled={live.length === 0} onClick={() => setAsking("cancel")}>
        <Icon name="ban" />
        Cancel {live.length}
      </button>
      <button type="button" className="button small" disabled={ended.length === 0} onClick={() => setAsking("remove")}>
        <Icon name="trash" />
        Remove {ended.length}
      </button>
      <button type="button" className="button small quiet" onClick={onDone}>
        Choose none
      </button>
      {asking && (
        <Dialog title={asking === "cancel" ? `Cancel ${live.length} sessions?` : `Remove ${ended.length} sessions?`} onClose={() => setAsking(null)}>
          <p>{asking === "cancel" ? "Their tasks stop and clean up. This cannot be undone." : "Their journals are deleted. This cannot be undone."}</p>
          <div className="actions">
            <button type="button" className="button" onClick={() => setAsking(null)}>
              Keep them
            </button>
            <button type="button" className="button primary" onClick={() => void act(asking)}>
              {asking === "cancel" ? "Cancel them" : "Remove them"}
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}
