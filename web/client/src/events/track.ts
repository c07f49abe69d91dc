/**
 * How far a listener has come in the log.
 *
 * Urgent events (high and critical) overtake others that wait; within both sorts the order is kept. So an event that is
 * not urgent says that everything before it has come. Invariant: all up to `seq` has come or was told to be missing.
 */

import type { Priority } from "../wire/wire.js";
import { wantsAll, type EventWants } from "./types.js";

/** A row of places whose events have not come. */
export interface Hole {
  from: number;
  to: number;
  /** How many of them are missing. */
  count: number;
}

export class Track {
  #seq: number;
  /** What has overtaken: all above `seq`. */
  #ahead = new Set<number>();
  #complete: boolean;
  #oneLane: boolean;

  constructor(seq: number, wants: EventWants) {
    this.#seq = seq;
    this.#complete = wantsAll(wants);
    this.#oneLane = wants.minPriority === "high" || wants.minPriority === "critical";
  }

  /** From where to go on after a break. */
  get seq(): number {
    return this.#seq;
  }

  /** Takes an event; gives whether it is new, and what is found to be missing before it. */
  take(seq: number, priority: Priority): { isNew: boolean; hole: Hole | null } {
    if (seq <= this.#seq || this.#ahead.has(seq)) return { isNew: false, hole: null };
    const urgent = priority === "high" || priority === "critical";
    if (urgent && !this.#oneLane) {
      this.#ahead.add(seq);
      return { isNew: true, hole: null };
    }
    const hole = this.reached(seq - 1);
    this.#seq = seq;
    return { isNew: true, hole };
  }

  /** Everything up to this place has come; gives what is found to be missing. */
  reached(seq: number): Hole | null {
    if (seq <= this.#seq) return null;
    let from = 0;
    let to = 0;
    let count = 0;
    // What is not wanted leaves holes of its own, which say nothing.
    if (this.#complete) {
      count = seq - this.#seq;
      const came = [...this.#ahead].filter((one) => one <= seq).sort((one, other) => one - other);
      count -= came.length;
      from = this.#seq + 1;
      to = seq;
      for (const one of came) if (one === from) from += 1;
      for (const one of came.reverse()) if (one === to) to -= 1;
    }
    this.#seq = seq;
    for (const one of this.#ahead) if (one <= seq) this.#ahead.delete(one);
    return count > 0 ? { from, to, count } : null;
  }
}
