/**
 * How much later the server's clock is than this one's, from the `Date` headers of its answers.
 *
 * The header is cut to a second, so that each answer gives a range that the difference lies in; several ranges laid
 * over each other make it narrow. Where the clocks may be the same, they are taken to be.
 */
export class Clock {
  #least = Number.NEGATIVE_INFINITY;
  #most = Number.POSITIVE_INFINITY;

  /** Takes the server's date of an answer, and when it was asked for and came; all in milliseconds since the epoch. */
  hear(date: number, asked: number, came: number): void {
    if (!Number.isFinite(date)) return;
    const least = date - came;
    const most = date + 1000 - asked;
    this.#least = Math.max(this.#least, least);
    this.#most = Math.min(this.#most, most);
    // One of the clocks was set anew: what was learned before does not hold any more.
    if (this.#least > this.#most) [this.#least, this.#most] = [least, most];
  }

  /** The difference in seconds. */
  get skew(): number {
    if (this.#least <= 0 && this.#most >= 0) return 0;
    return (this.#least + this.#most) / 2000;
  }
}
