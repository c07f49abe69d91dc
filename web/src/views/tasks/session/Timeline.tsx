/** How long the session was queued, running and waiting, attempt by attempt and to scale. */

import { useMemo, type ReactNode } from "react";
import { hasEnded, isWaiting, type Mark, type SessionStore, type Status } from "@callboard/client";
import { useCallboard, useSelected } from "@callboard/client/react";
import { span, useNow } from "../../../ui/time";

type Sort = "queued" | "running" | "waiting" | "cancelling";

export interface Stretch {
  sort: Sort;
  attempt: number;
  from: number;
  to: number;
}

function sortOf(status: Status): Sort | null {
  if (hasEnded(status)) return null;
  if (isWaiting(status)) return "waiting";
  return status === "queued" || status === "cancelling" ? status : "running";
}

/** The stretches between the changes of state; the last goes on until `now`. */
export function stretches(marks: readonly Mark[], now: number): Stretch[] {
  const found: Stretch[] = [];
  marks.forEach((mark, place) => {
    const sort = sortOf(mark.status);
    const to = marks[place + 1]?.at ?? now;
    const last = found.at(-1);
    if (!sort) return;
    if (last && last.sort === sort && last.attempt === mark.attempt) last.to = to;
    else found.push({ sort, attempt: mark.attempt, from: mark.at, to: Math.max(mark.at, to) });
  });
  return found;
}

const NAMES: Record<Sort, string> = { queued: "Queued", running: "Running", waiting: "Waiting for people", cancelling: "Cleaning up" };

export function Timeline({ store }: { store: SessionStore }): ReactNode {
  const client = useCallboard();
  const marks = useSelected(store, (state) => state.marks);
  const end = useSelected(store, (state) => state.outcome?.at ?? null);
  const tick = useNow(500, end === null) + client.clockSkew;
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
  return (
    <section className="timeline card" aria-label="Timeline">
      <div className="lanes" aria-hidden="true">
        {attempts.map((attempt) => (
          <div className="lane-row" key={attempt}>
            {attempts.length > 1 && <span className="lane-name">{attempt}.</span>}
            <div className="lane-track">
              {all
                .filter((one) => one.attempt === attempt)
                .map(({ sort, from, to }) => (
                  <span
                    key={from}
                    className="stretch"
                    data-sort={sort}
                    title={`${NAMES[sort]}: ${span(to - from)}`}
                    style={{ left: `${((from - first) / whole) * 100}%`, width: `max(2px, ${((to - from) / whole) * 100}%)` }}
                  />
                ))}
            </div>
          </div>
        ))}
      </div>
      <ul className="legend">
        {sums.map(({ sort, sum }) => (
          <li key={sort}>
            <span className="swatch" data-sort={sort} aria-hidden="true" />
            {NAMES[sort]} <strong>{span(sum)}</strong>
          </li>
        ))}
      </ul>
    </section>
  );
}
