/** Who has a store open. Opening and closing at once connects nothing. */

export class Openers {
  #count = 0;
  readonly #settle: () => void;

  /** `settle` is called once the count may stay as it is. */
  constructor(settle: () => void) {
    this.#settle = settle;
  }

  /** Whether anybody has it open. */
  get any(): boolean {
    return this.#count > 0;
  }

  /** Counts one more; gives what counts it off again, once. */
  open(): () => void {
    this.#count += 1;
    queueMicrotask(this.#settle);
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.#count -= 1;
      queueMicrotask(this.#settle);
    };
  }
}
