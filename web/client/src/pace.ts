/** What every connection does in time: pings, patience, timers that end with it, and waking up with the page. */

export const PING_EVERY_MS = 10_000;
/** A ping that is not answered for so long makes the connection stale, and one that is not answered at all, dead. */
export const STALE_AFTER_MS = 4_000;
export const DEAD_AFTER_MS = 12_000;
/** A socket that is neither opened nor refused within this time is given up. */
export const OPENS_WITHIN_MS = 15_000;

export type Timer = ReturnType<typeof setTimeout>;

/** Timers that are stopped together. */
export class Timers {
  #running = new Set<Timer>();

  /** Does something later, unless all are stopped before. */
  after(ms: number, then: () => unknown): Timer {
    const timer = setTimeout(() => {
      this.#running.delete(timer);
      then();
    }, ms);
    this.#running.add(timer);
    return timer;
  }

  /** Stops all of them. */
  stop(): void {
    for (const timer of this.#running) clearTimeout(timer);
    this.#running.clear();
  }
}

/** Calls `wake` when the network comes back or the page is shown, until what is given back is called. */
export function onWaking(wake: () => void): () => void {
  if (typeof window === "undefined") return () => {};
  window.addEventListener("online", wake);
  document.addEventListener("visibilitychange", wake);
  return () => {
    window.removeEventListener("online", wake);
    document.removeEventListener("visibilitychange", wake);
  };
}
