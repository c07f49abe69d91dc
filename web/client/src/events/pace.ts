/** Puts changes together: one call per animation frame, one a second in a hidden tab. */

const HIDDEN_MS = 1000;
const WITHOUT_FRAMES_MS = 16;

export class Pace {
  #run: () => void;
  #frame: number | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(run: () => void) {
    this.#run = run;
  }

  /** Asks for a call; several asks before it are one. */
  ask(): void {
    if (this.#timer !== null) return;
    const framed = typeof document !== "undefined" && typeof requestAnimationFrame === "function";
    // A tab that is hidden, perhaps before its frame comes, gets none: the timer stands in for it.
    if (framed && !document.hidden) this.#frame = requestAnimationFrame(() => this.now());
    this.#timer = setTimeout(() => this.now(), framed ? HIDDEN_MS : WITHOUT_FRAMES_MS);
  }

  /** Calls at once. */
  now(): void {
    this.drop();
    this.#run();
  }

  /** Takes back what was asked for. */
  drop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#timer = this.#frame = null;
  }
}
