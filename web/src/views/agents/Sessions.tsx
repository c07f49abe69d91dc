/** The latest sessions of one kind, as a table whose rows lead to them. */

import type { ReactNode } from "react";
import { hasEnded, type SessionRow } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { Link } from "../../shell/router";
import { agentsPath, titleOf } from "../../ui/names";
import { StatusBadge } from "../../ui/Status";
import { ago, moment, span, useNow } from "../../ui/time";
import { Failure } from "../../ui/Failure";
import { useLoaded } from "../../ui/useLoaded";

const MOST = 50;
const LIVE_MS = 1500;
const QUIET_MS = 6000;

interface Props {
  title: string;
  task: string;
  labels?: Record<string, string>;
  /** What to say while there is none. */
  none: string;
}

export function Sessions({ title, task, labels, none }: Props): ReactNode {
  const client = useCallboard();
  const { value, error, again } = useLoaded(
    JSON.stringify([task, labels]),
    (signal) => client.list({ task, ...(labels && { labels }), limit: MOST }, signal),
    ({ sessions }) => (sessions.some(({ status }) => !hasEnded(status)) ? LIVE_MS : QUIET_MS),
  );
  const now = useNow(5000) + client.clockSkew;
  return (
    <section className="card agents-sessions" aria-label={title}>
      <h2>{title}</h2>
      {error && <Failure error={error} again={again} />}
      {!value && !error && <p className="muted">Loading…</p>}
      {value?.sessions.length === 0 && <p className="muted">{none}</p>}
      {value && value.sessions.length > 0 && (
        <ul>
          {value.sessions.map((row) => (
            <Row key={row.session_id} row={row} now={now} />
          ))}
        </ul>
      )}
      {value?.next_cursor && <p className="muted">The newest {MOST}. All of them are among the tasks.</p>}
    </section>
  );
}

function Row({ row, now }: { row: SessionRow; now: number }): ReactNode {
  const end = row.ended_at ?? now;
  return (
    <li className="agents-session">
      <StatusBadge status={row.status} />
      <Link to={agentsPath(row) ?? ""}>{titleOf(row)}</Link>
      <span className="muted" title={moment(row.created_at)}>
        {ago(now - row.created_at)}, {hasEnded(row.status) ? "took" : "for"} {span(end - row.created_at)}
      </span>
    </li>
  );
}
