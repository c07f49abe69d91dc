/** Which changes make one step of undo: those that go on with what the last one began. */

/** The last change, as far as the next one must know it. */
export interface Last {
  /** What it was about, such as one input of one node; null for a change that stands alone. */
  about: string | null;
  /** In milliseconds. */
  at: number;
}

/** A pause longer than that begins a new step. */
export const PAUSE_MS = 1500;

/** Whether a change goes on with the last one, instead of being a step of its own. */
export function goesOn(last: Last | null, about: string | null, at: number): boolean {
  return about !== null && last !== null && last.about === about && at - last.at <= PAUSE_MS;
}
