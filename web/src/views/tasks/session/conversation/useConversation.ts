/** What the conversation shows: what is filtered or cleared, where it is paused, whether it follows, what is searched. */

import { useDeferredValue, useEffect, useRef, useState, type RefObject } from "react";
import type { JournalEntry, SessionRow, SessionStore } from "@callboard/client";
import { useSelected } from "@callboard/client/react";
import { useCommands } from "../../../../shell/commands";
import { copyText, saveText } from "../../../../ui/clipboard";
import { count } from "../../../../ui/time";
import { useMatches } from "../growing";
import { brief } from "../brief";
import { plain } from "./Line";
import { isShown, useIndex, useRows, type Index, type Place, type Show } from "./rows";

/** A search in the conversation. */
export interface Search {
  input: RefObject<HTMLInputElement | null>;
  query: string;
  setQuery: (query: string) => void;
  /** What is looked for, in lower case; lags behind `query` under load. */
  wanted: string;
  /** How many entries have it; null where nothing is looked for. */
  hits: number | null;
  /** Which of them is shown, from 1. */
  at: number;
  /** Its place among all entries. */
  current: number | undefined;
  step: (by: number) => void;
}

export interface ConversationState {
  entries: readonly JournalEntry[];
  places: readonly Place[];
  index: Index;
  children: readonly SessionRow[];
  show: Show;
  /** How many lines of output there are in all. */
  lines: number;
  /** How many entries came since it was paused. */
  waiting: number;
  /** Whether something was cleared. */
  isCleared: boolean;
  ended: boolean;
  follow: boolean;
  paused: boolean;
  wrap: boolean;
  times: boolean;
  search: Search;
  setShow: (show: Show) => void;
  resume: () => void;
  pause: () => void;
  clear: () => void;
  showAll: () => void;
  copy: () => void;
  save: () => void;
  setWrap: (on: boolean) => void;
  setTimes: (on: boolean) => void;
  stopFollowing: () => void;
  /** The reader has scrolled; says whether to the end. */
  scrolled: (toEnd: boolean) => void;
}

function useSearchIn(entries: readonly JournalEntry[], from: number, end: number, show: Show): Search {
  const [query, setQuery] = useState("");
  const [hit, setHit] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const wanted = useDeferredValue(query.trim().toLowerCase());
  const has = (entry: JournalEntry): boolean => isShown(entry, show) && plain(brief(entry)).toLowerCase().includes(wanted);
  const places = useMatches(entries, from, end, wanted ? `${show} ${wanted}` : null, has);
  const hits = places ? places.length : null;
  const at = hits ? ((hit % hits) + hits) % hits : 0;
  const search = (next: string): void => {
    setQuery(next);
    setHit(0);
  };
  return { input, query, setQuery: search, wanted, hits, at: at + 1, current: places?.[at], step: (by) => setHit((now) => now + by) };
}

export function useConversation(store: SessionStore, name: string, children: readonly SessionRow[]): ConversationState {
  const entries = useSelected(store, (state) => state.entries);
  const all = useSelected(store, (state) => state.count);
  const lines = useSelected(store, (state) => state.lineCount);
  const ended = useSelected(store, (state) => state.outcome !== null);
  const [show, setShow] = useState<Show>("all");
  const [cleared, setCleared] = useState(0);
  const [pausedAt, setPausedAt] = useState<number | null>(null);
  const [follow, setFollow] = useState(true);
  const [wrap, setWrap] = useState(false);
  const [times, setTimes] = useState(false);
  const end = pausedAt ?? all;
  const index = useIndex(entries, all);
  const places = useRows(entries, cleared, end, show, cleared > 0 ? [] : children);
  const search = useSearchIn(entries, cleared, end, show);
  const paused = pausedAt !== null;
  useEffect(() => {
    if (search.current !== undefined) setFollow(false);
  }, [search.current, search.wanted]);

  const output = (): string[] => {
    const found: string[] = [];
    for (let place = cleared; place < end; place += 1) {
      const entry = entries[place];
      if (entry?.type === "stream") found.push(plain(entry.content));
    }
    return found;
  };
  const resume = (): void => {
    setPausedAt(null);
    setFollow(true);
  };
  const clear = (): void => {
    setCleared(end);
    search.setQuery("");
  };
  const copy = (): void => {
    const found = output();
    void copyText(found.join("\n"), `${count(found.length)} ${found.length === 1 ? "line" : "lines"}`);
  };
  const state: ConversationState = {
    entries, places, index, children, show, lines, waiting: all - end, isCleared: cleared > 0, ended, follow, paused, wrap, times, search,
    resume, clear, copy, setShow, setWrap, setTimes,
    pause: () => (paused ? resume() : setPausedAt(all)),
    showAll: () => setCleared(0),
    save: () => saveText(`${output().join("\n")}\n`, `${name}.txt`, "text/plain"),
    stopFollowing: () => setFollow(false),
    scrolled: (toEnd) => void (toEnd !== follow && !paused && setFollow(toEnd)),
  };
  useConversationCommands(state);
  return state;
}

function useConversationCommands({ search, resume, pause, copy, save }: ConversationState): void {
  useCommands(
    [
      { id: "search", title: "Search this session", group: "Conversation", keys: "/", run: () => search.input.current?.focus() },
      { id: "follow", title: "Follow the latest", group: "Conversation", keys: "f", run: resume },
      { id: "pause", title: "Pause or resume", group: "Conversation", keys: "p", run: pause },
      { id: "copy", title: "Copy the output", group: "Conversation", keys: "y", run: copy },
      { id: "save", title: "Download the output", group: "Conversation", keys: "s", run: save },
    ],
    "conversation",
  );
}
