/** Calls back once an animation frame at most, and once a second in a hidden tab. */

const HIDDEN_MS = 1000;
const WITHOUT_FRAMES_MS = 16;

export class Flush {
  #call: () => void;
  #frame: number | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(call: () => void) {
    this.#call = call;
  }

  /** Calls back with the next frame. */
  soon(): void {
    if (this.#timer !== null) return;
    const framed = typeof document !== "undefined" && typeof requestAnimationFrame === "function";
    // A tab that is hidden, perhaps before its frame comes, gets none: the timer stands in for it.
    if (framed && !document.hidden) this.#frame = requestAnimationFrame(() => this.now());
    this.#timer = setTimeout(() => this.now(), framed ? HIDDEN_MS : WITHOUT_FRAMES_MS);
  }

  /** Calls back at once. */
  now(): void {
    this.cancel();
    this.#call();
  }

  /** Does not call back. */
  cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#timer = this.#frame = null;
  }
}
