/** What the output pane shows: what is cleared, where it is paused, whether it follows, what is searched. */

import { useDeferredValue, useEffect, useRef, useState, type RefObject } from "react";
import type { SessionStore, StreamLine } from "@callboard/client";
import { useSelected } from "@callboard/client/react";
import { useCommands } from "../../../shell/commands";
import { copyText, saveText } from "../../../ui/clipboard";
import { count } from "../../../ui/time";
import { useMatches } from "./growing";
import { plain } from "./Line";

/** A search in the output. */
export interface Search {
  input: RefObject<HTMLInputElement | null>;
  query: string;
  setQuery: (query: string) => void;
  /** What is looked for, in lower case; lags behind `query` under load. */
  wanted: string;
  /** How many lines have it; null where nothing is looked for. */
  hits: number | null;
  /** Which of them is shown, from 1. */
  at: number;
  /** Its place among all lines. */
  current: number | undefined;
  step: (by: number) => void;
}

export interface StreamPane {
  lines: readonly StreamLine[];
  /** How many there are in all. */
  all: number;
  /** How many are shown. */
  shown: number;
  /** How many came since it was paused. */
  waiting: number;
  /** The first that is shown. */
  cleared: number;
  ended: boolean;
  follow: boolean;
  paused: boolean;
  wrap: boolean;
  times: boolean;
  search: Search;
  resume: () => void;
  pause: () => void;
  clear: () => void;
  showAll: () => void;
  copy: () => void;
  save: () => void;
  setWrap: (on: boolean) => void;
  setTimes: (on: boolean) => void;
  /** The reader has scrolled; says whether to the end. */
  scrolled: (toEnd: boolean) => void;
}

function useSearchIn(lines: readonly StreamLine[], from: number, end: number): Search {
  const [query, setQuery] = useState("");
  const [hit, setHit] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const wanted = useDeferredValue(query.trim().toLowerCase());
  const places = useMatches(lines, from, end, wanted || null, (line) => plain(line.content).toLowerCase().includes(wanted));
  const hits = places ? places.length : null;
  const at = hits ? ((hit % hits) + hits) % hits : 0;
  const search = (next: string): void => {
    setQuery(next);
    setHit(0);
  };
  return { input, query, setQuery: search, wanted, hits, at: at + 1, current: places?.[at], step: (by) => setHit((now) => now + by) };
}

export function useStream(store: SessionStore, name: string): StreamPane {
  const lines = useSelected(store, (state) => state.lines);
  const all = useSelected(store, (state) => state.lineCount);
  const ended = useSelected(store, (state) => state.outcome !== null);
  const [cleared, setCleared] = useState(0);
  const [pausedAt, setPausedAt] = useState<number | null>(null);
  const [follow, setFollow] = useState(true);
  const [wrap, setWrap] = useState(false);
  const [times, setTimes] = useState(false);
  const end = pausedAt ?? all;
  const shown = Math.max(0, end - cleared);
  const search = useSearchIn(lines, cleared, end);
  const paused = pausedAt !== null;
  useEffect(() => {
    if (search.current !== undefined) setFollow(false);
  }, [search.current, search.wanted]);

  const text = (): string => Array.from({ length: shown }, (_, place) => plain(lines[cleared + place]?.content ?? "")).join("\n");
  const resume = (): void => {
    setPausedAt(null);
    setFollow(true);
  };
  const clear = (): void => {
    setCleared(end);
    search.setQuery("");
  };
  const stream: StreamPane = {
    lines, all, shown, waiting: all - end, cleared, ended, follow, paused, wrap, times, search, resume, clear, setWrap, setTimes,
    pause: () => (paused ? resume() : setPausedAt(all)),
    showAll: () => setCleared(0),
    copy: () => void copyText(text(), `${count(shown)} lines are`),
    save: () => saveText(`${text()}\n`, `${name}.txt`, "text/plain"),
    scrolled: (toEnd) => void (toEnd !== follow && !paused && setFollow(toEnd)),
  };
  useStreamCommands(stream);
  return stream;
}

function useStreamCommands({ search, resume, pause, copy, save }: StreamPane): void {
  useCommands(
    [
      { id: "search", title: "Search in the output", group: "Output", keys: "/", run: () => search.input.current?.focus() },
      { id: "follow", title: "Follow the end of the output", group: "Output", keys: "f", run: resume },
      { id: "pause", title: "Pause the output, go on", group: "Output", keys: "p", run: pause },
      { id: "copy", title: "Copy the output", group: "Output", keys: "y", run: copy },
      { id: "save", title: "Download the output", group: "Output", keys: "s", run: save },
    ],
    "stream",
  );
}
