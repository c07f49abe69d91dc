/** One session in the list. */

import { memo, type ReactNode } from "react";
import { hasEnded, isWaiting, type SessionRow } from "@callboard/client";
import { Link } from "../../../shell/router";
import { StatusBadge } from "../../../ui/Status";
import { ago, count, span } from "../../../ui/time";
import type { Tail } from "../board";
import { paths } from "../paths";
import type { Filter } from "../query";

interface Props {
  row: SessionRow;
  tail: Tail | undefined;
  /** By the server's clock, in seconds. */
  now: number;
  filter: Filter;
  isOpen: boolean;
  isChosen: boolean;
  anyChosen: boolean;
  onChoose: (id: string, on: boolean) => void;
}

/** From the first moment of work until the end or now. */
function duration(row: SessionRow, now: number): string {
  if (row.started_at === null) return row.ended_at === null ? "" : "never ran";
  return span((row.ended_at ?? now) - row.started_at);
}

export const Row = memo(function Row({ row, tail, now, filter, isOpen, isChosen, anyChosen, onChoose }: Props): ReactNode {
  const { session_id: id, status, task, priority, attempt, labels } = row;
  const progress = hasEnded(status) ? null : tail?.progress;
  const percent = progress && progress.total > 0 ? Math.min(100, (progress.done / progress.total) * 100) : 0;
  return (
    <li className="row" data-open={isOpen || undefined} data-chosen={isChosen || undefined} data-waiting={isWaiting(status) || undefined} data-any={anyChosen || undefined}>
      <input type="checkbox" aria-label={`Choose ${task} ${id.slice(0, 8)}`} checked={isChosen} onChange={(event) => onChoose(id, event.target.checked)} />
      <Link to={paths.session(id, filter)} aria-current={isOpen ? "true" : undefined}>
        <span className="row-status">
          <StatusBadge status={status} />
        </span>
        <span className="row-name">
          <strong>{task}</strong>
          <code>{id.slice(0, 8)}</code>
          {priority !== "normal" && <span className="tag">{priority}</span>}
          {attempt > 1 && <span className="tag">attempt {attempt}</span>}
          {Object.entries(labels).map(([key, value]) => (
            <span className="tag" key={key}>
              {key}={value}
            </span>
          ))}
        </span>
        <span className="row-what">
          {isWaiting(status) && tail?.question && <span className="row-question">{tail.question}</span>}
          {progress && !isWaiting(status) && (
            <span className="row-progress">
              <progress max={100} value={percent} aria-label={`Progress of ${task}`} />
              <span>
                {count(progress.done)} of {count(progress.total)}
              </span>
            </span>
          )}
        </span>
        <span className="row-times">
          <span className="row-duration" title="From its start until its end or now">
            {duration(row, now)}
          </span>
          <span className="row-age" title={`Asked for ${new Date(row.created_at * 1000).toLocaleString()}`}>
            {ago(now - row.created_at)}
          </span>
        </span>
      </Link>
    </li>
  );
});
