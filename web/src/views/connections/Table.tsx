/** The table of connections. */

import { memo, type ReactNode } from "react";
import { writeJson, type ConnectionRow } from "@callboard/client";
import { Link, navigate } from "../../shell/router";
import { Icon } from "../../ui/Icon";
import { count, span } from "../../ui/time";
import { inUnit } from "../../ui/units";
import { COLUMNS, direction, pathOf, sortedBy, type View } from "./rows";

interface Props {
  rows: readonly ConnectionRow[];
  view: View;
  open: string | null;
  /** By the server's clock, in seconds. */
  now: number;
}

export function Table({ rows, view, open, now }: Props): ReactNode {
  return (
    <div className="connection-table" tabIndex={0} role="region" aria-label="Connections">
      <table>
        <thead>
          <tr>
            {COLUMNS.map(({ id, title }) => (
              <th key={id} scope="col" aria-sort={direction(view, id)}>
                <button type="button" onClick={() => navigate(pathOf(sortedBy(view, id), open), { replace: true })}>
                  {title}
                  {view.sort === id && <Icon name={direction(view, id) === "ascending" ? "up" : "down"} />}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.connection_id} row={row} age={row.connected_at === null ? "–" : span(now - row.connected_at)} to={pathOf(view, row.client_id)} isOpen={row.client_id === open} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** From where on a connection is worth a look. */
const SLOW_SECONDS = 1;

const Row = memo(
  function Row({ row, age, to, isOpen }: { row: ConnectionRow; age: string; to: string; isOpen: boolean }): ReactNode {
    const { client_id, kind, address, subscriptions, messages_received, messages_sent, queued_bytes, lag_seconds, dropped, is_behind } = row;
    const isSlow = lag_seconds >= SLOW_SECONDS || is_behind;
    return (
      <tr data-open={isOpen || undefined} onClick={() => navigate(to)}>
        <th scope="row">
          <span onClick={(event) => event.stopPropagation()}>
            <Link to={to} aria-current={isOpen ? "true" : undefined}>
              {client_id}
            </Link>
          </span>
          {isSlow && (
            <span className="slow">
              <Icon name="alert" />
              reads slowly
            </span>
          )}
        </th>
        <td>{kind}</td>
        <td>{address ?? "–"}</td>
        <td className="asked" title={subscriptions.join(", ")}>
          {subscriptions.slice(0, 2).map((one) => (
            <code key={one}>{one}</code>
          ))}
          {subscriptions.length > 2 && <span className="muted"> and {subscriptions.length - 2} more</span>}
          {subscriptions.length === 0 && "–"}
        </td>
        <td className="figure">{age}</td>
        <td className="figure">{count(messages_received)}</td>
        <td className="figure">{count(messages_sent)}</td>
        <td className="figure">{queued_bytes > 0 ? inUnit(queued_bytes, "bytes") : "–"}</td>
        <td className="figure" data-warn={lag_seconds >= SLOW_SECONDS || undefined}>
          {lag_seconds > 0 ? inUnit(lag_seconds * 1000, "ms") : "–"}
        </td>
        <td className="figure" data-warn={dropped > 0 || undefined}>
          {count(dropped)}
        </td>
      </tr>
    );
  },
  (one, other) => one.age === other.age && one.to === other.to && one.isOpen === other.isOpen && writeJson(one.row) === writeJson(other.row),
);
