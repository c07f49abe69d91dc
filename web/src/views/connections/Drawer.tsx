/** One connection, live, beside the table. */

import { useEffect, useState, type ReactNode } from "react";
import { writeJson, CallboardError, type AdminCalls, type ConnectionRow } from "@callboard/client";
import { Link } from "../../shell/router";
import { Icon } from "../../ui/Icon";
import { ago, count, moment, span } from "../../ui/time";
import { inUnit } from "../../ui/units";
import { Disconnect } from "./Disconnect";
import { repeat, said } from "./store";

interface Props {
  calls: AdminCalls;
  id: string;
  /** What the table knows of it, until more is known. */
  known: ConnectionRow | undefined;
  /** By the server's clock, in seconds. */
  now: number;
  back: string;
}

const EVERY_MS = 1000;

interface Seen {
  row: ConnectionRow;
  at: number;
}

export function Drawer({ calls, id, known, now, back }: Props): ReactNode {
  const [seen, setSeen] = useState<readonly Seen[]>([]);
  const [state, setState] = useState<"there" | "gone">("there");
  const [error, setError] = useState<string | null>(null);
  const [asks, setAsks] = useState(false);
  useEffect(() => {
    const asked = repeat(
      async (signal) => {
        try {
          const row = await calls.connection(id, signal);
          setSeen((before) => [...before.slice(-4), { row, at: performance.now() / 1000 }]);
          setError(null);
          return "again";
        } catch (refusal) {
          if (signal.aborted) throw refusal;
          if (refusal instanceof CallboardError && refusal.status === 404) {
            setState("gone");
            return "enough";
          }
          throw refusal;
        }
      },
      EVERY_MS,
      (_pause, refusal) => setError(said(refusal)),
    );
    return asked.end;
  }, [calls, id]);
  const row = seen.at(-1)?.row ?? known;
  return (
    <aside className="drawer" aria-label={`Connection ${id}`}>
      <header>
        <h2>{id}</h2>
        <Link className="icon-button" to={back} aria-label="Close the details" title="Close (u)">
          <Icon name="cross" />
        </Link>
      </header>
      {state === "gone" && (
        <div className="notice" data-tone="warn" role="status">
          <Icon name="info" />
          <span className="grow">This connection is closed. {row ? "Below is its last known state." : "Select another one in the table."}</span>
        </div>
      )}
      {error && (
        <div className="notice" data-tone="warn" role="alert">
          <Icon name="alert" />
          <span className="grow">{error} Retrying…</span>
        </div>
      )}
      {row ? <Facts row={row} seen={seen} now={now} /> : state === "there" && <p className="muted">Loading…</p>}
      {row && state === "there" && (
        <button type="button" className="button danger" onClick={() => setAsks(true)}>
          <Icon name="unplug" />
          Disconnect
        </button>
      )}
      {asks && <Disconnect calls={calls} id={id} onClose={() => setAsks(false)} />}
    </aside>
  );
}

function Facts({ row, seen, now }: { row: ConnectionRow; seen: readonly Seen[]; now: number }): ReactNode {
  const [first, last] = [seen[0], seen.at(-1)];
  const seconds = first && last ? last.at - first.at : 0;
  const rate = (name: "messages_received" | "messages_sent" | "bytes_received" | "bytes_sent"): string =>
    first && last && seconds > 0.5 ? ` · ${inUnit(Math.max(0, (last.row[name] - first.row[name]) / seconds), name.startsWith("bytes") ? "bytes/s" : "rate")}` : "";
  const filter = Object.entries(row.filter);
  const facts: [string, ReactNode][] = [
    ["Socket", row.kind],
    ["Address", row.address ?? "unknown"],
    ["Opened", row.connected_at === null ? "unknown" : `${moment(row.connected_at)}, ${span(now - row.connected_at)} ago`],
    ["Last heard", row.silent_seconds === null ? "unknown" : ago(row.silent_seconds)],
    ["In", `${count(row.messages_received)} messages${rate("messages_received")}`],
    ["", `${inUnit(row.bytes_received, "bytes")}${rate("bytes_received")}`],
    ["Out", `${count(row.messages_sent)} messages${rate("messages_sent")}`],
    ["", `${inUnit(row.bytes_sent, "bytes")}${rate("bytes_sent")}`],
    ["Queued", inUnit(row.queued_bytes, "bytes")],
    ["Lag", row.lag_seconds > 0 ? inUnit(row.lag_seconds * 1000, "ms") : "none"],
    ["Dropped", row.dropped > 0 ? `${count(row.dropped)} messages: the client reads slowly` : "none"],
  ];
  return (
    <>
      {row.is_behind && (
        <div className="notice" data-tone="warn">
          <Icon name="clock" />
          <span className="grow">It is behind: persisted events are sent from the log as it reads.</span>
        </div>
      )}
      <dl className="facts">
        {facts.map(([name, value], place) => (
          <div key={place}>
            <dt>{name || <span className="visually-hidden">in bytes</span>}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <h3>Subscriptions</h3>
      {row.subscriptions.length === 0 ? (
        <p className="muted">None.</p>
      ) : (
        <ul className="asked">
          {row.subscriptions.map((one) => (
            <li key={one}>
              <code>{one}</code>
            </li>
          ))}
        </ul>
      )}
      <h3>Filter</h3>
      {filter.length === 0 ? <p className="muted">None: every event of its subscriptions is sent.</p> : <pre>{writeJson(row.filter, 2)}</pre>}
    </>
  );
}
