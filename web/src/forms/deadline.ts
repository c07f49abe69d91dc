/** What happens to a question when its time is over, and how long that is from now, in words. */

import type { OpenRequest } from "@callboard/client";
import { clock, span } from "../ui/time";

const SOON_S = 60;
const DAY_S = 86_400;

export interface Deadline {
  /** Such as `No at 10:24`. */
  then: string;
  /** Such as `in 2 min 05 s`. */
  left: string;
  isSoon: boolean;
}

/** `now` and `at` are in seconds since the epoch, by the server's clock; `fallback` is the answer that is taken then. */
export function deadlineWords(at: number, now: number, kind: OpenRequest["kind"], fallback: unknown): Deadline {
  const left = at - now;
  return {
    then: `${outcome(kind, fallback)} ${when(at, now)}`,
    left: left <= 0 ? "now" : `in ${left < SOON_S ? `${Math.ceil(left)} s` : left < DAY_S ? span(left) : `${Math.floor(left / DAY_S)} d`}`,
    isSoon: left < SOON_S,
  };
}

/** What is taken for the answer. A question for yes or no that says nothing of it is answered with no. */
function outcome(kind: OpenRequest["kind"], fallback: unknown): string {
  if (kind === "input") return fallback === undefined || fallback === null ? "Left unanswered" : "Default values";
  const isYes = fallback === true;
  return kind === "retry" ? (isYes ? "Retry" : "Give up") : isYes ? "Yes" : "No";
}

/** `at 10:24`, to the second within the next minutes; with the day where it is another one. */
function when(at: number, now: number): string {
  const time = at - now < 600 ? clock(at) : clock(at).slice(0, 5);
  const isToday = new Date(at * 1000).toDateString() === new Date(now * 1000).toDateString();
  return isToday ? `at ${time}` : `on ${new Date(at * 1000).toLocaleDateString("en", { day: "numeric", month: "short" })}, ${time}`;
}
