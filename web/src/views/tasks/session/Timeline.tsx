/** How long the session was queued, running and waiting, attempt by attempt, on an axis to scale. A click shows what happened then. */

import { useMemo, useRef, type MouseEvent, type ReactNode } from "react";
import type { SessionStore } from "@callboard/client";
import { useCallboard, useSelected } from "@callboard/client/react";
import { clock, moment, span, useNow } from "../../../ui/time";
import { stretches, ticks, type Sort } from "./stretches";

const NAMES: Record<Sort, string> = { queued: "Queued", running: "Running", waiting: "Waiting for people", cancelling: "Cleaning up" };
const MOST_TICKS = 7;
/** From here on, as a share of the axis, words would stand over its end. */
const LAST_WORDS = 0.9;

export function Timeline({ store, onJump }: { store: SessionStore; onJump: (at: number) => void }): ReactNode {
  const client = useCallboard();
  const marks = useSelected(store, (state) => state.marks);
  const end = useSelected(store, (state) => state.outcome?.at ?? null);
  const tick = useNow(500, end === null) + client.clockSkew;
  const visited = useRef<Partial<Record<Sort, number>>>({});
  const first = marks[0]?.at;
  const now = end ?? Math.max(tick, marks.at(-1)?.at ?? 0);
  const all = useMemo(() => stretches(marks, now), [marks, now]);
  if (first === undefined || all.length === 0) return null;
  const whole = Math.max(now - first, 0.001);
  const attempts = [...new Set(all.map(({ attempt }) => attempt))];
  const sums = (Object.keys(NAMES) as Sort[]).flatMap((sort) => {
    const sum = all.filter((one) => one.sort === sort).reduce((total, { from, to }) => total + to - from, 0);
    return sum > 0 ? [{ sort, sum }] : [];
  });
  const share = (seconds: number): string => `${(seconds / whole) * 100}%`;
  const clicked = ({ currentTarget, clientX }: MouseEvent<HTMLElement>): void => {
    const box = currentTarget.getBoundingClientRect();
    const at = first + ((clientX - box.left) / Math.max(1, box.width)) * whole;
    // A stretch is shown from its beginning: that is where something happened.
    onJump(all.findLast(({ from }) => from <= at)?.from ?? at);
  };
  /** Keyboards go from one stretch of a sort to the next. */
  const next = (sort: Sort): void => {
    const those = all.filter((one) => one.sort === sort);
    const place = ((visited.current[sort] ?? -1) + 1) % those.length;
    visited.current[sort] = place;
    onJump(those[place]?.from ?? first);
  };
  return (
    <section className="timeline card" aria-label="Timeline">
      <div className="lanes" aria-hidden="true" data-attempts={attempts.length > 1 || undefined}>
        {attempts.map((attempt) => (
          <div className="lane-row" key={attempt}>
            {attempts.length > 1 && <span className="lane-name">Attempt {attempt}</span>}
            <div className="lane-track" onClick={clicked}>
              {all
                .filter((one) => one.attempt === attempt)
                .map(({ sort, from, to }) => (
                  <span
                    key={from}
                    className="stretch"
                    data-sort={sort}
                    title={`${NAMES[sort]} for ${span(to - from)}, from ${clock(from)}. Click to see it.`}
                    style={{ left: share(from - first), width: `max(2px, ${share(to - from)})` }}
                  />
                ))}
            </div>
          </div>
        ))}
        <div className="lane-row axis-row">
          {attempts.length > 1 && <span className="lane-name" />}
          <div className="axis">
            {ticks(whole, MOST_TICKS).map(({ at, words }) => (
              <span key={at} className="tick-mark" style={{ left: share(at) }}>
                {at === 0 ? clock(first) : at / whole < LAST_WORDS && words}
              </span>
            ))}
          </div>
        </div>
      </div>
      <ul className="legend">
        {sums.map(({ sort, sum }) => (
          <li key={sort}>
            <button type="button" className="legend-button" onClick={() => next(sort)} title="Show where it was so">
              <span className="swatch" data-sort={sort} aria-hidden="true" />
              {NAMES[sort]} <strong>{span(sum)}</strong>
            </button>
          </li>
        ))}
        <li className="legend-began">Started {moment(first)}</li>
      </ul>
    </section>
  );
}
