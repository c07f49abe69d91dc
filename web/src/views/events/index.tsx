/** Events: everything that happens in the server, as it happens. */

import { useEffect, useRef, useState, type ReactNode } from "react";
import { writeJson, type EventRow, type Row } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { May } from "../../identity/may";
import { useCommands } from "../../shell/commands";
import { useSessionLink } from "../../shell/link";
import { navigate, useSearch } from "../../shell/router";
import { tell } from "../../shell/toasts";
import { saveText } from "../../ui/clipboard";
import { Icon } from "../../ui/Icon";
import { count } from "../../ui/time";
import { Filters } from "./Filters";
import { filterOf, NO_FILTER, pathOf, wantsOf, wrongWith, type Filter } from "./query";
import { Payload } from "./Payload";
import { SendDialog } from "./SendDialog";
import { Table, type TableHandle } from "./Table";
import { Tools } from "./Tools";
import { useEventStore, useShown } from "./useTable";
import "./events.css";

/** Where the space bar has a meaning of its own. */
const TAKES_SPACE = "a, button, summary, input, select, textarea, [contenteditable]";

export default function EventsView(): ReactNode {
  const client = useCallboard();
  const filter = filterOf(useSearch());
  const wrong = wrongWith(filter);
  const { store, table } = useEventStore(client, wantsOf(filter));
  const shown = useShown(table, filter.find);
  const [chosen, setChosen] = useState<EventRow | null>(null);
  const [follow, setFollow] = useState(true);
  const [isSending, setSending] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const handle = useRef<TableHandle>(null);
  useSessionLink(table.connection, store.reconnect);

  const go = (changes: Partial<Filter>): void => navigate(pathOf({ ...filter, ...changes }), { replace: "find" in changes });
  const choose = (row: Row | undefined): void => {
    if (row?.kind !== "event") return;
    setFollow(false);
    setChosen(row);
  };
  const step = (by: number): void => {
    const at = chosen ? shown.placeOf(chosen.key) : -1;
    let next = at < 0 ? (by > 0 ? 0 : shown.count - 1) : at + by;
    while (next >= 0 && next < shown.count && shown.at(next)?.kind === "gap") next += by;
    const row = shown.at(next);
    choose(row);
    if (row) handle.current?.show(next);
  };
  const pause = (): void => store.pause(!table.paused);
  const resume = (): void => {
    if (table.paused) store.pause(false);
    setFollow(true);
  };
  const save = (): void => {
    const lines: string[] = [];
    for (let place = 0; place < shown.count; place += 1) {
      const row = shown.at(place);
      if (row?.kind === "event") lines.push(writeJson(row.event));
    }
    if (lines.length === 0) return tell("There are no events to export.", "warn");
    saveText(`${lines.join("\n")}\n`, "events.ndjson", "application/x-ndjson");
    tell(`${count(lines.length)} ${lines.length === 1 ? "event" : "events"} exported.`, "good");
  };

  useCommands(
    [
      { id: "down", title: "Next event", group: "Events", keys: "j", run: () => step(1) },
      { id: "up", title: "Previous event", group: "Events", keys: "k", run: () => step(-1) },
      { id: "search", title: "Search loaded events", group: "Events", keys: "/", run: () => search.current?.focus() },
      { id: "pause", title: "Pause or resume (also Space)", group: "Events", keys: "p", run: pause },
      { id: "follow", title: "Follow the latest events", group: "Events", keys: "f", run: resume },
      { id: "older", title: "Load older events", group: "Events", keys: "o", run: () => void store.loadOlder() },
      { id: "save", title: "Export the shown events", group: "Events", keys: "s", words: "download ndjson", run: save },
      { id: "send", title: "Send an event", group: "Events", keys: "n", words: "custom new", scope: "events:publish", run: () => setSending(true) },
      { id: "all", title: "Clear filters", group: "Events", keys: "u", run: () => navigate(pathOf(NO_FILTER)) },
    ],
    "events",
  );
  useSpace(pause);
  useEscape(() => setChosen(null));

  return (
    <div className="events" data-chosen={chosen ? true : undefined}>
      <div className="events-head">
        <div className="events-title">
          <h1>Events</h1>
          <May scope="events:publish">
            <button type="button" className="button primary" onClick={() => setSending(true)}>
              <Icon name="send" />
              Send an event
            </button>
          </May>
        </div>
        <Filters filter={filter} wrong={wrong} go={go} />
      </div>
      <Tools {...{ store, table, shown, filter, go, follow, search, pause, resume, save }} />
      {(wrong || table.error) && (
        <div className="notice" data-tone="warn" role="alert">
          <Icon name="alert" />
          <span className="grow">{wrong || table.error}</span>
          {wrong && (
            <button type="button" className="button small" onClick={() => navigate(pathOf(NO_FILTER))}>
              Clear filters
            </button>
          )}
        </div>
      )}
      <div className="events-body">
        <Table ref={handle} {...{ store, table, shown, filter, follow, setFollow, resume, choose, step }} chosen={chosen?.key ?? null} onSend={() => setSending(true)} />
        {chosen && <Payload row={chosen} filter={filter} onClose={() => setChosen(null)} />}
      </div>
      {isSending && <SendDialog log={client.log} filter={filter} onClose={() => setSending(false)} />}
    </div>
  );
}

/** The space bar pauses, wherever it has no other meaning. */
function useSpace(run: () => void): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    const hear = (event: KeyboardEvent): void => {
      const at = event.target;
      const isFree = !(at instanceof Element) || (!at.closest(TAKES_SPACE) && !document.querySelector("dialog[open]"));
      if (event.key !== " " || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !isFree) return;
      event.preventDefault();
      latest.current();
    };
    window.addEventListener("keydown", hear);
    return () => window.removeEventListener("keydown", hear);
  }, []);
}

/** Escape closes what is open, unless a dialog or a field takes it. */
function useEscape(run: () => void): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    const hear = (event: KeyboardEvent): void => {
      const at = event.target;
      if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
      if (!(at instanceof Element && at.matches("input, select, textarea"))) latest.current();
    };
    window.addEventListener("keydown", hear);
    return () => window.removeEventListener("keydown", hear);
  }, []);
}
