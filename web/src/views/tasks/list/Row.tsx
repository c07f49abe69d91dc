/** One session in the list: a line of 36 pixels where there is room, two lines beside an open session. */

import { memo, type ReactNode } from "react";
import { hasEnded, isWaiting, type SessionRow } from "@callboard/client";
import { Link } from "../../../shell/router";
import { StatusBadge } from "../../../ui/Status";
import { ago, count, moment, span } from "../../../ui/time";
import type { Facts } from "../facts";
import { titleOf } from "../../../ui/names";
import { paths } from "../paths";
import type { Filter } from "../query";

interface Props {
  row: SessionRow;
  facts: Facts | undefined;
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
  if (row.started_at === null) return "";
  return span((row.ended_at ?? now) - row.started_at);
}

export const Row = memo(function Row({ row, facts, now, filter, isOpen, isChosen, anyChosen, onChoose }: Props): ReactNode {
  const { session_id: id, status, task, priority, attempt, labels } = row;
  const title = titleOf(row);
  const marks = Object.entries(labels).filter(([key]) => key !== "parent" && key !== "workflow" && key !== "node");
  return (
    <div className="row" role="row" data-open={isOpen || undefined} data-chosen={isChosen || undefined} data-waiting={isWaiting(status) || undefined} data-any={anyChosen || undefined}>
      <span role="cell" className="row-check">
        <input type="checkbox" aria-label={`Select ${title} ${id.slice(0, 8)}`} checked={isChosen} onChange={(event) => onChoose(id, event.target.checked)} />
      </span>
      <span role="cell" className="row-status">
        <StatusBadge status={status} />
      </span>
      <span role="rowheader" className="row-name">
        <Link to={paths.session(id, filter)} aria-current={isOpen ? "true" : undefined} title={`${task} · ${id}`}>
          {title}
        </Link>
        {priority !== "normal" && <span className="tag">{priority}</span>}
        {attempt > 1 && <span className="tag">attempt {attempt}</span>}
        {marks.map(([key, value]) => (
          <span className="tag" key={key} title={`${key}=${value}`}>
            {key}={value}
          </span>
        ))}
      </span>
      <span role="cell" className="row-what" data-says={status}>
        <What row={row} facts={facts} />
      </span>
      <span role="cell" className="row-duration">
        {duration(row, now)}
      </span>
      <span role="cell" className="row-age" title={moment(row.created_at)}>
        {ago(now - row.created_at)}
      </span>
    </div>
  );
});

function What({ row, facts }: { row: SessionRow; facts: Facts | undefined }): ReactNode {
  const { status } = row;
  const progress = hasEnded(status) || isWaiting(status) ? null : facts?.progress;
  if (status === "queued") return <span className="row-text">Waiting for a free slot</span>;
  const text = facts?.text ?? "";
  if (!progress) return text && <span className="row-text" title={text}>{text}</span>;
  const { done, total, label } = progress;
  return (
    <span className="row-progress">
      {total > 0 && <progress max={100} value={Math.min(100, (done / total) * 100)} aria-label={`Progress of ${titleOf(row)}`} />}
      <span>
        {count(done)} of {count(total)}
      </span>
      {(label || text) && <span className="row-text">{label || text}</span>}
    </span>
  );
}
