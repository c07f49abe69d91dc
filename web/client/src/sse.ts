/** Reads server-sent events from a stream of text (HTML standard, "Interpreting an event stream"). */

/** Cuts a stream into the data of its events. */
export class EventParser {
  #rest = "";
  #data: string[] = [];

  /** Takes the next piece of text; gives the data of all events that are whole now. */
  take(piece: string): string[] {
    const events: string[] = [];
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (this.#data.length > 0) events.push(this.#data.join("\n"));
        this.#data = [];
      } else if (line.startsWith("data:")) {
        this.#data.push(line.slice(line.startsWith("data: ") ? 6 : 5));
      }
    }
    return events;
  }
}
