/** All that was said in a session: output, questions, answers, retries, children. Only what is in sight is on the page. */

import { useCallback, useEffect, useLayoutEffect, useRef, useState, type ReactNode, type UIEvent } from "react";
import { useVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import type { SessionRow, SessionStore } from "@callboard/client";
import { Icon } from "../../../../ui/Icon";
import { count } from "../../../../ui/time";
import { Line } from "./Line";
import { childAt, rowAt } from "./rows";
import { Tools } from "./Tools";
import { ChildTurn, Turn } from "./Turn";
import { useConversation, type ConversationState } from "./useConversation";

/** Kept in step with tasks.css. */
const LINE_PX = 21;
const TURN_PX = 46;
const OVERSCAN = 12;
/** So near to its end, in pixels, a pane counts as being at it. */
const AT_END_PX = 30;
const FLASH_MS = 1600;

/** A wish to see what happened from a moment on; another `number` is another wish. */
export interface Jump {
  at: number;
  number: number;
}

interface Props {
  store: SessionStore;
  /** What a downloaded file is called. */
  name: string;
  /** The sessions that this one has started. */
  started: readonly SessionRow[];
  jump: Jump | null;
}

export function Conversation({ store, name, started, jump }: Props): ReactNode {
  const state = useConversation(store, name, started);
  const isEmpty = state.places.length === 0;
  return (
    <div className="conversation" data-wrap={state.wrap || undefined}>
      <Tools state={state} />
      <div className="pane-box">
        <Pane state={state} jump={jump} />
        {isEmpty && <Nothing state={state} />}
        {(state.waiting > 0 || (!state.follow && !state.paused && !isEmpty)) && (
          <button type="button" className="button primary small new-lines" onClick={state.resume}>
            <Icon name="down" />
            {state.waiting > 0 ? `${count(state.waiting)} new` : "To the end"}
          </button>
        )}
      </div>
    </div>
  );
}

type Rows = Virtualizer<HTMLDivElement, Element>;

function Pane({ state, jump }: { state: ConversationState; jump: Jump | null }): ReactNode {
  const { entries, places, index, children, follow, wrap, search } = state;
  const pane = useRef<HTMLDivElement>(null);
  const latest = useRef(state);
  latest.current = state;
  const placeOf = (row: number): number => latest.current.places[row] ?? 0;
  const isLine = (row: number): boolean => (latest.current.index.numbers[placeOf(row)] ?? 0) > 0;
  // Both hold for as long as the rows are those of one filter: what has grown at the end moves nothing.
  const keyOf = useCallback((row: number) => placeOf(row), [state.show, state.isCleared, children]);
  const sizeOf = useCallback((row: number) => (isLine(row) ? LINE_PX : TURN_PX), [state.show, state.isCleared, children]);
  const virtual: Rows = useVirtualizer({ count: places.length, getScrollElement: () => pane.current, estimateSize: sizeOf, getItemKey: keyOf, overscan: OVERSCAN });
  const total = virtual.getTotalSize();
  const flash = useJump(state, jump, virtual);
  useLayoutEffect(() => {
    if (follow && pane.current) pane.current.scrollTop = pane.current.scrollHeight;
  }, [follow, total, wrap]);
  useLayoutEffect(() => {
    const { current } = search;
    if (current !== undefined) virtual.scrollToIndex(rowOf(places, current), { align: "center" });
    // Only a step to another hit moves the pane, not what comes in.
  }, [search.current, search.wanted, state.show]);
  const onScroll = ({ currentTarget: at }: UIEvent<HTMLElement>): void => {
    state.scrolled(at.scrollHeight - at.scrollTop - at.clientHeight < AT_END_PX);
  };
  return (
    <div className="pane" ref={pane} role="log" aria-label="Conversation" aria-live="off" tabIndex={0} onScroll={onScroll}>
      <div className="space" style={{ height: total }}>
        {virtual.getVirtualItems().map(({ key, index: row, start }) => {
          const place = places[row];
          if (place === undefined) return null;
          const entry = entries[place];
          const child = childAt(children, place);
          const number = index.numbers[place] ?? 0;
          const common = {
            "data-index": row, "data-flash": place === flash || undefined, "data-hit": place === search.current ? "now" : undefined,
            style: { transform: `translateY(${start}px)` },
          };
          if (entry?.type === "stream") {
            return (
              <div key={key} className="line" ref={wrap ? virtual.measureElement : undefined} {...common}>
                <Line line={entry} number={number} times={state.times} wanted={search.wanted} />
              </div>
            );
          }
          return (
            <div key={key} className="turn" ref={virtual.measureElement} {...common}>
              {child && <ChildTurn child={child} />}
              {entry && <Turn entry={entry} index={index} wanted={search.wanted} />}
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** The row of an entry. */
function rowOf(places: readonly number[], place: number): number {
  let low = 0;
  let high = places.length - 1;
  // Children stand between entries in the order of time, so the nearest entry before a row decides.
  while (low < high) {
    const middle = (low + high) >> 1;
    let at = middle;
    while (at > low && (places[at] ?? 0) < 0) at -= 1;
    if ((places[at] ?? 0) < place) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Goes where the timeline was clicked; gives the place that is to be pointed at for a moment. */
function useJump(state: ConversationState, jump: Jump | null, virtual: Rows): number | null {
  const [flash, setFlash] = useState<number | null>(null);
  const done = useRef<Jump | null>(null);
  const number = jump?.number;
  useEffect(() => {
    if (!jump || done.current === jump || state.places.length === 0) return undefined;
    done.current = jump;
    const row = rowAt(state.entries, state.places, jump.at);
    state.stopFollowing();
    setFlash(state.places[row] ?? null);
    // The pane takes its own place at the end within this frame, where it still follows.
    const frame = requestAnimationFrame(() => virtual.scrollToIndex(row, { align: "start" }));
    const timer = setTimeout(() => setFlash(null), FLASH_MS);
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, [number, state.places.length > 0]);
  return flash;
}

const NONE = {
  all: "What the task writes and asks appears here.",
  output: "Lines appear here as the task writes them.",
  people: "Nobody has been asked anything yet.",
  state: "Nothing has happened yet.",
} as const;
const NONE_ENDED = { all: "Nothing was written or asked.", output: "The task wrote nothing.", people: "Nobody was asked anything.", state: "Nothing happened." } as const;

function Nothing({ state }: { state: ConversationState }): ReactNode {
  if (!state.isCleared) {
    return (
      <div className="pane-empty">
        <p>{(state.ended ? NONE_ENDED : NONE)[state.show]}</p>
      </div>
    );
  }
  return (
    <div className="pane-empty">
      <p>Cleared on this page. The server still has everything.</p>
      <button type="button" className="button small" onClick={state.showAll}>
        Show everything again
      </button>
    </div>
  );
}
