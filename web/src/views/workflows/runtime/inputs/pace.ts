/** Lets values through at a pace: the first at once, then the latest each time, and the last always. */
export class Pace<T> {
  #ms: number;
  #out: (value: T) => void;
  #held: { value: T } | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(ms: number, out: (value: T) => void) {
    this.#ms = ms;
    this.#out = out;
  }

  put(value: T): void {
    if (this.#timer !== null) {
      this.#held = { value };
      return;
    }
    this.#out(value);
    this.#rest();
  }

  /** Lets out what is held, and rests for good. */
  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#held) this.#out(this.#held.value);
    this.#held = null;
  }

  #rest(): void {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      const held = this.#held;
      this.#held = null;
      if (held) this.put(held.value);
    }, this.#ms);
  }
}
