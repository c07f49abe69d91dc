/** The table itself: only the rows in sight are on the page, and it stays at the newest while it follows. */

import { useCallback, useEffect, useImperativeHandle, useLayoutEffect, useRef, useState, useSyncExternalStore, type KeyboardEvent, type ReactNode, type Ref, type UIEvent } from "react";
import type { EventStore, EventTable, Row } from "@callboard/client";
import { Icon } from "../../ui/Icon";
import { count } from "../../ui/time";
import { Empty, Older } from "./Edges";
import { isNarrow, type Filter } from "./query";
import { EventLine, GapLine } from "./Rows";
import type { Shown } from "./useTable";

/** Kept in step with events.css. */
const ROW_PX = 34;
const NARROW_ROW_PX = 60;
const HEAD_PX = 32;
const OLDER_PX = 44;
const OVERSCAN = 8;
/** So near to its end, the table counts as being there. */
const NEAR_PX = 4;
const COLUMNS = ["Time", "Type", "Priority", "Execution", "Crew", "Agent", "Summary"];

export interface TableHandle {
  /** Brings a row into sight. */
  show: (place: number) => void;
}

interface Props {
  ref: Ref<TableHandle>;
  store: EventStore;
  table: EventTable;
  shown: Shown;
  filter: Filter;
  follow: boolean;
  setFollow: (follow: boolean) => void;
  resume: () => void;
  choose: (row: Row | undefined) => void;
  step: (by: number) => void;
  chosen: string | null;
  onSend: () => void;
}

function useNarrow(): boolean {
  const subscribe = useCallback((listener: () => void) => {
    const media = matchMedia("(max-width: 760px)");
    media.addEventListener("change", listener);
    return () => media.removeEventListener("change", listener);
  }, []);
  return useSyncExternalStore(subscribe, () => matchMedia("(max-width: 760px)").matches);
}

/** Where the pane stands: `top` in pixels when the row `row` was the first. */
interface Scroll {
  top: number;
  row: number;
}

export function Table({ ref, store, table, shown, filter, follow, setFollow, resume, choose, step, chosen, onSend }: Props): ReactNode {
  const pane = useRef<HTMLDivElement>(null);
  const [scroll, setScroll] = useState<Scroll>({ top: 0, row: shown.top });
  const [height, setHeight] = useState(600);
  const isPhone = useNarrow();
  const rowPx = isPhone ? NARROW_ROW_PX : ROW_PX;
  const before = (isPhone ? 0 : HEAD_PX) + OLDER_PX;
  const total = before + shown.count * rowPx;
  // Rows that went or came at the beginning have moved all others.
  const moved = (shown.top - scroll.row) * rowPx;
  const offset = follow ? Math.max(0, total - height) : Math.max(0, scroll.top - moved);
  const first = Math.max(0, Math.floor((offset - before) / rowPx) - OVERSCAN);
  const last = Math.min(shown.count, Math.ceil((offset + height - before) / rowPx) + OVERSCAN);
  const fresh = useFresh(shown.top + shown.count, follow, filter.find);

  useLayoutEffect(() => {
    const at = pane.current;
    if (!at) return;
    if (follow) at.scrollTop = at.scrollHeight;
    else if (moved !== 0) {
      at.scrollTop = offset;
      setScroll({ top: at.scrollTop, row: shown.top });
    }
  }, [follow, total, moved, offset, shown.top]);
  useEffect(() => {
    const at = pane.current;
    if (!at) return undefined;
    const observer = new ResizeObserver(() => setHeight(at.clientHeight));
    observer.observe(at);
    return () => observer.disconnect();
  }, []);
  useImperativeHandle(ref, () => ({
    show: (place) => {
      const at = pane.current;
      if (!at) return;
      const top = before + place * rowPx;
      if (top < at.scrollTop + before) at.scrollTop = top - before;
      else if (top + rowPx > at.scrollTop + at.clientHeight) at.scrollTop = top + rowPx - at.clientHeight;
    },
  }), [before, rowPx]);

  const onScroll = ({ currentTarget: at }: UIEvent<HTMLElement>): void => {
    const isDown = at.scrollTop >= scroll.top;
    const isEnd = at.scrollHeight - at.scrollTop - at.clientHeight <= NEAR_PX;
    setScroll({ top: at.scrollTop, row: shown.top });
    if (follow && !isEnd && !isDown) setFollow(false);
    else if (!follow && isEnd && isDown && chosen === null) setFollow(true);
  };
  const onKey = (event: KeyboardEvent): void => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "PageUp" || event.key === "Home") setFollow(false);
    if (by === undefined) return;
    event.preventDefault();
    step(by);
  };
  const lines: ReactNode[] = [];
  let isChosenHere = false;
  for (let place = first; place < last; place += 1) {
    const row = shown.at(place);
    if (!row) continue;
    const line = { key: row.key, place, top: before + place * rowPx };
    if (row.kind === "gap") lines.push(<GapLine {...line} key={row.key} row={row} isNarrow={isNarrow(filter)} />);
    else lines.push(<EventLine {...line} key={row.key} row={row} isChosen={row.key === chosen} onChoose={choose} />);
    isChosenHere ||= row.key === chosen;
  }
  const waiting = table.paused ? table.waiting : fresh;
  return (
    <div className="event-box">
      <div
        className="event-pane"
        ref={pane}
        tabIndex={0}
        role="grid"
        aria-label="Events, newest last"
        aria-rowcount={shown.count + 2}
        aria-activedescendant={isChosenHere ? `event-${chosen}` : undefined}
        onKeyDown={onKey}
        onScroll={onScroll}
        onWheel={(event) => event.deltaY < 0 && follow && setFollow(false)}
      >
        <div className="event-head" role="row" aria-rowindex={1}>
          {COLUMNS.map((column) => (
            <span key={column} role="columnheader">
              {column}
            </span>
          ))}
        </div>
        <Older store={store} table={table} isEmpty={shown.count === 0} />
        <div className="space" role="rowgroup" style={{ height: shown.count * rowPx }}>
          {lines}
        </div>
      </div>
      {shown.count === 0 && <Empty store={store} table={table} filter={filter} onSend={onSend} />}
      {(table.paused || (!follow && waiting > 0)) && (
        <button type="button" className="button primary small new-rows" onClick={resume}>
          <Icon name={table.paused ? "play" : "down"} />
          {table.paused ? (waiting > 0 ? `Paused, ${count(waiting)} new` : "Paused, nothing new") : `${count(waiting)} new`}
        </button>
      )}
    </div>
  );
}

/** How many rows came since it follows no more. */
function useFresh(end: number, follow: boolean, find: string): number {
  const mark = useRef({ end, find });
  if (follow || mark.current.find !== find || end < mark.current.end) mark.current = { end, find };
  return end - mark.current.end;
}
