/**
 * The stream pane: all lines are in an array, only those in sight are on the page.
 */

import { clock, el, setText } from "./dom.js";

const ROW = 22;
const MARGIN = 12;

/** The pane; follows the end until somebody scrolls away from it. */
export class Stream {
  #pane;
  #space;
  #window;
  #more;
  #lines = [];
  #first = 1;
  #following = true;
  #seen = 0;
  #queued = false;
  #drawn = "";

  constructor({ pane, space, window, more }) {
    this.#pane = pane;
    this.#space = space;
    this.#window = window;
    this.#more = more;
    pane.addEventListener("scroll", () => this.#scrolled());
    new ResizeObserver(() => this.#draw()).observe(pane);
    more.addEventListener("click", () => this.follow());
  }

  /** Shows these lines, the first of which has the number `first`. */
  show(lines, first) {
    if (lines === this.#lines && first === this.#first) return;
    if (lines[0] !== this.#lines[0]) {
      this.#following = true;
      this.#drawn = "";
    }
    this.#lines = lines;
    this.#first = first;
    this.#space.style.height = `${lines.length * ROW}px`;
    this.#draw();
  }

  /** Goes to the end and stays there. */
  follow() {
    this.#following = true;
    this.#draw();
  }

  #scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.#pane;
    this.#following = scrollTop + clientHeight >= scrollHeight - ROW;
    if (this.#queued) return;
    this.#queued = true;
    requestAnimationFrame(() => {
      this.#queued = false;
      this.#draw();
    });
  }

  #draw() {
    const height = this.#pane.clientHeight;
    if (this.#following) this.#pane.scrollTop = this.#pane.scrollHeight;
    const top = this.#pane.scrollTop;
    const from = Math.max(0, Math.floor(top / ROW) - MARGIN);
    const to = Math.min(this.#lines.length, Math.ceil((top + height) / ROW) + MARGIN);
    if (this.#following) this.#seen = this.#lines.length;
    const unseen = Math.max(0, this.#lines.length - this.#seen);
    this.#more.hidden = this.#following || this.#lines.length === 0;
    setText(this.#more, unseen > 0 ? `${unseen.toLocaleString("en")} new ↓` : "To the end ↓");
    const what = `${this.#first}:${from}:${to}`;
    if (what === this.#drawn) return;
    this.#drawn = what;
    this.#window.style.transform = `translateY(${from * ROW}px)`;
    this.#window.replaceChildren(...this.#lines.slice(from, to).map((line, place) => this.#row(line, from + place)));
  }

  #row(line, place) {
    return el("div", { class: "line", title: clock(line.at) },
      el("span", { class: "number" }, String(this.#first + place)),
      line.lane ? el("span", { class: "lane" }, line.lane) : null,
      el("span", { class: "text" }, line.text));
  }
}
