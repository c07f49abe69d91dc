/** One row of the table: an event, or a gap between events. */

import { memo, type ReactNode } from "react";
import type { EventRow, GapRow, Priority, Row } from "@callboard/client";
import { Link, ROOT } from "../../shell/router";
import { Icon, type IconName } from "../../ui/Icon";
import { clock, count } from "../../ui/time";
import { brief, groupOf, isBad } from "./kinds";

interface LineProps {
  place: number;
  /** In pixels. */
  top: number;
}

/** The rows before the first event: the head, and the one that leads to older events. */
const ROWS_BEFORE = 3;

const PRIORITY_ICONS: Record<Priority, IconName | null> = { low: null, normal: null, high: "up", critical: "alert" };

export function PriorityTag({ priority }: { priority: Priority }): ReactNode {
  const icon = PRIORITY_ICONS[priority];
  return (
    <span className="priority" data-priority={priority}>
      {icon && <Icon name={icon} />}
      {priority}
    </span>
  );
}

export function TypeTag({ type }: { type: string }): ReactNode {
  const group = groupOf(type);
  return (
    <span className="event-type" data-group={group.id}>
      <Icon name={group.icon} />
      <code>{type}</code>
    </span>
  );
}

/** Where an execution is looked at. */
export const taskPath = (executionId: string): string => `${ROOT}/tasks/${encodeURIComponent(executionId)}`;

interface EventLineProps extends LineProps {
  row: EventRow;
  isChosen: boolean;
  onChoose: (row: Row) => void;
}

function isSame(one: EventLineProps, other: EventLineProps): boolean {
  return one.row === other.row && one.top === other.top && one.place === other.place && one.isChosen === other.isChosen;
}

export const EventLine = memo(function EventLine({ row, place, top, isChosen, onChoose }: EventLineProps): ReactNode {
  const { type, priority, execution_id: execution, crew_id: crew, agent_id: agent } = row.event;
  return (
    <div
      id={`event-${row.key}`}
      className="event"
      role="row"
      aria-rowindex={place + ROWS_BEFORE}
      aria-selected={isChosen}
      data-bad={isBad(type) || undefined}
      data-type={type}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onChoose(row)}
    >
      <time role="gridcell" dateTime={row.event.timestamp}>
        {clock(row.at / 1000, true)}
      </time>
      <span role="gridcell" className="cell-type">
        <TypeTag type={type} />
      </span>
      <span role="gridcell" className="cell-priority">
        <PriorityTag priority={priority} />
      </span>
      <span role="gridcell" className="cell-id">
        {execution && (
          <Link to={taskPath(execution)} tabIndex={-1} title={`Open the task ${execution}`} onClick={(event) => event.stopPropagation()}>
            {execution.slice(0, 8)}
          </Link>
        )}
      </span>
      <span role="gridcell" className="cell-crew" title={crew}>
        {crew}
      </span>
      <span role="gridcell" className="cell-agent" title={agent}>
        {agent}
      </span>
      <span role="gridcell" className="cell-brief">
        {brief(row.event)}
      </span>
    </div>
  );
}, isSame);

function number(of: number | null, isNarrow: boolean): string {
  if (of === null) return "Some events";
  const words = `${count(of)} ${of === 1 ? "event" : "events"}`;
  // The filters may have left some of them out anyway.
  return isNarrow ? `Up to ${words}` : words;
}

const was = (of: number | null): string => (of === 1 ? "was" : "were");

/** What a gap is, for people. */
export function gapWords({ why, count: missing, from, to, isReading }: GapRow, isNarrow: boolean): string {
  const time = (at: number | null, fallback: string): string => (at === null ? fallback : clock(at / 1000));
  const between = from === null && to === null ? "" : ` between ${time(from, "the beginning")} and ${time(to, "now")}`;
  switch (why) {
    case "missing":
      return isReading ? "Some events are missing here: loading them from the log…" : `${number(missing, isNarrow)} ${was(missing)} missed${between}. They could not be loaded from the log.`;
    case "too_old":
      return `${number(missing, isNarrow)} ${was(missing)} missed${between}: the log no longer keeps them.`;
    case "new_log":
      return `The server started a new log. What happened${between} is unknown.`;
    case "dropped":
      return `${number(missing, false)} ${was(missing)} dropped${between}: this page read too slowly. They are not in the log.`;
    case "break":
      return `Not connected${between}. Persisted events of that time follow; progress and heartbeats are missing.`;
    case "paused":
      return `${number(missing, false)} did not fit here while the table was paused. The log may have them.`;
  }
}

export const GapLine = memo(function GapLine({ row, place, top, isNarrow }: LineProps & { row: GapRow; isNarrow: boolean }): ReactNode {
  const words = gapWords(row, isNarrow);
  return (
    <div className="gap" role="row" aria-rowindex={place + ROWS_BEFORE} data-why={row.why} style={{ transform: `translateY(${top}px)` }}>
      <span role="gridcell" aria-colspan={7} title={words}>
        <Icon name={row.isReading ? "spin" : row.why === "break" ? "plug" : "alert"} className={row.isReading ? "spinning" : ""} />
        <span>{words}</span>
      </span>
    </div>
  );
});
