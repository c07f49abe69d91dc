/** What a session's time went into, and the ticks of its axis. */

import { hasEnded, isWaiting, type Mark, type Status } from "@callboard/client";

export type Sort = "queued" | "running" | "waiting" | "cancelling";

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

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
/** Steps between ticks that people count in, in seconds. */
const STEPS = [
  0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY,
];

export interface Tick {
  /** Seconds from the beginning. */
  at: number;
  words: string;
}

/** At most so many ticks over so many seconds, in round steps; the first is at 0. */
export function ticks(seconds: number, most: number): Tick[] {
  const step = STEPS.find((one) => seconds / one <= most) ?? Math.ceil(seconds / most / DAY) * DAY;
  const found: Tick[] = [];
  for (let number = 0; number * step <= seconds; number += 1) found.push({ at: number * step, words: inWords(number * step, step) });
  return found;
}

function inWords(at: number, step: number): string {
  if (at === 0) return "0";
  if (step < 1) return `${at.toFixed(step < 0.1 ? 2 : 1)} s`;
  if (step < MINUTE && at < MINUTE) return `${at} s`;
  const [days, hours, minutes, rest] = [Math.floor(at / DAY), Math.floor((at % DAY) / HOUR), Math.floor((at % HOUR) / MINUTE), Math.round(at % MINUTE)];
  const parts = [days && `${days} d`, hours && `${hours} h`, minutes && `${minutes} min`, rest && `${rest} s`];
  return parts.filter(Boolean).join(" ");
}
