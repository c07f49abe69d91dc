/** The lines that the task has written: numbered, followed, searched; only those in sight are on the page. */

import { useDeferredValue, useEffect, useLayoutEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useVirtualizer } from "@tanstack/react-virtual";
import type { SessionStore, StreamLine } from "@callboard/client";
import { useSelected } from "@callboard/client/react";
import { useCommands } from "../../../shell/commands";
import { copyText, saveText } from "../../../ui/clipboard";
import { Icon } from "../../../ui/Icon";
import { clock, count } from "../../../ui/time";
import { useMatches } from "./growing";

const LINE_PX = 21;
const OVERSCAN = 12;
/** So near to its end, in pixels, a pane counts as being at it. */
const AT_END_PX = 30;

/** Colours and the like that programs print for terminals. */
const TERMINAL_CODES = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007]*(?:\u0007|\u001b\\)/g;

export function plain(text: string): string {
  return text.includes("\u001b") ? text.replace(TERMINAL_CODES, "") : text;
}

export function Stream({ store, name }: { store: SessionStore; name: string }): ReactNode {
  const lines = useSelected(store, (state) => state.lines);
  const all = useSelected(store, (state) => state.lineCount);
  const ended = useSelected(store, (state) => state.outcome !== null);
  const [cleared, setCleared] = useState(0);
  const [pausedAt, setPausedAt] = useState<number | null>(null);
  const [follow, setFollow] = useState(true);
  const [wrap, setWrap] = useState(false);
  const [times, setTimes] = useState(false);
  const [query, setQuery] = useState("");
  const [hit, setHit] = useState(0);
  const search = useRef<HTMLInputElement>(null);
  const pane = useRef<HTMLDivElement>(null);

  const end = pausedAt ?? all;
  const shown = Math.max(0, end - cleared);
  const waiting = all - end;
  const wanted = useDeferredValue(query.trim().toLowerCase());
  const hits = useMatches(lines, cleared, end, wanted || null, (line) => plain(line.content).toLowerCase().includes(wanted));
  const current = hits && hits.length > 0 ? hits[((hit % hits.length) + hits.length) % hits.length] : undefined;

  const virtual = useVirtualizer({
    count: shown,
    getScrollElement: () => pane.current,
    estimateSize: () => LINE_PX,
    overscan: OVERSCAN,
  });

  useLayoutEffect(() => {
    if (follow && pane.current) pane.current.scrollTop = pane.current.scrollHeight;
  }, [follow, shown, wrap]);
  useEffect(() => {
    if (current === undefined) return;
    setFollow(false);
    virtual.scrollToIndex(current - cleared, { align: "center" });
    // Only a step to another hit moves the pane, not a line that comes in.
  }, [current, wanted, cleared]);

  const resume = (): void => {
    setPausedAt(null);
    setFollow(true);
  };
  const pause = (): void => (pausedAt === null ? setPausedAt(all) : resume());
  const text = (): string => Array.from({ length: shown }, (_, place) => plain(lines[cleared + place]?.content ?? "")).join("\n");
  useCommands(
    [
      { id: "search", title: "Search in the output", group: "Output", keys: "/", run: () => search.current?.focus() },
      { id: "follow", title: "Follow the end of the output", group: "Output", keys: "f", run: resume },
      { id: "pause", title: "Pause the output, go on", group: "Output", keys: "p", run: pause },
      { id: "copy", title: "Copy the output", group: "Output", keys: "y", run: () => void copyText(text(), `${count(shown)} lines are`) },
      { id: "save", title: "Download the output", group: "Output", keys: "s", run: () => saveText(`${text()}\n`, `${name}.txt`, "text/plain") },
    ],
    "stream",
  );

  return (
    <div className="stream" data-wrap={wrap || undefined}>
      <div className="toolbar" role="toolbar" aria-label="Output">
        <div className="search-box">
          <Icon name="search" />
          <input
            ref={search}
            type="search"
            aria-label="Search in the output"
            placeholder="Search"
            value={query}
            onChange={(event) => {
              setQuery(event.target.value);
              setHit(0);
            }}
            onKeyDown={(event) => {
              if (event.key === "Enter") setHit((now) => now + (event.shiftKey ? -1 : 1));
              else if (event.key === "Escape") {
                setQuery("");
                event.currentTarget.blur();
              } else return;
              event.preventDefault();
            }}
          />
          {hits && (
            <span className="hits" role="status">
              {hits.length === 0 ? "None" : `${count((((hit % hits.length) + hits.length) % hits.length) + 1)} of ${count(hits.length)}`}
            </span>
          )}
          {hits && hits.length > 0 && (
            <>
              <button type="button" className="icon-button" aria-label="Hit before" onClick={() => setHit((now) => now - 1)}>
                <Icon name="up" />
              </button>
              <button type="button" className="icon-button" aria-label="Next hit" onClick={() => setHit((now) => now + 1)}>
                <Icon name="down" />
              </button>
            </>
          )}
        </div>
        <span className="line-count" id="line-count">
          {count(all)} {all === 1 ? "line" : "lines"}
        </span>
        <span className="tools">
          <button type="button" className="button small" aria-pressed={follow && pausedAt === null} onClick={resume} title="Follow the end (f)">
            <Icon name="down" />
            <span>Follow</span>
          </button>
          <button type="button" className="button small" aria-pressed={pausedAt !== null} onClick={pause} disabled={ended && pausedAt === null} title="Pause (p)">
            <Icon name={pausedAt === null ? "pause" : "play"} />
            <span>{pausedAt === null ? "Pause" : "Go on"}</span>
          </button>
          <Tool icon="wrap" label="Wrap long lines" pressed={wrap} onClick={() => setWrap(!wrap)} />
          <Tool icon="clock" label="Show times" pressed={times} onClick={() => setTimes(!times)} />
          <Tool icon="copy" label="Copy the output" disabled={shown === 0} onClick={() => void copyText(text(), `${count(shown)} lines are`)} />
          <Tool icon="download" label="Download the output" disabled={shown === 0} onClick={() => saveText(`${text()}\n`, `${name}.txt`, "text/plain")} />
          <Tool icon="trash" label="Clear the output" disabled={shown === 0} onClick={() => { setCleared(end); setQuery(""); }} />
        </span>
      </div>
      <div className="pane-box">
        <div
          className="pane"
          ref={pane}
          role="log"
          aria-label="Output"
          aria-live="off"
          tabIndex={0}
          onScroll={({ currentTarget: at }) => {
            const near = at.scrollHeight - at.scrollTop - at.clientHeight < AT_END_PX;
            // A line that has just come in is not yet scrolled to; only a reader's own scrolling changes it.
            if (near !== follow && pausedAt === null) setFollow(near);
          }}
        >
          <div className="space" style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((item) => {
              const place = cleared + item.index;
              const line = lines[place];
              return (
                line && (
                  <div key={item.key} className="line" ref={wrap ? virtual.measureElement : undefined} data-index={item.index} data-hit={place === current ? "now" : undefined} style={{ transform: `translateY(${item.start}px)` }}>
                    <span className="number">{place + 1}</span>
                    {times && <time>{clock(line.timestamp, true)}</time>}
                    <Text line={line} wanted={wanted} />
                  </div>
                )
              );
            })}
          </div>
        </div>
        {shown === 0 && <Nothing cleared={cleared} ended={ended} onAll={() => setCleared(0)} />}
        {(waiting > 0 || (!follow && pausedAt === null && shown > 0)) && (
          <button type="button" className="button primary small new-lines" onClick={resume}>
            <Icon name="down" />
            {waiting > 0 ? `${count(waiting)} new` : "To the end"}
          </button>
        )}
      </div>
    </div>
  );
}

function Tool({ icon, label, pressed, disabled, onClick }: { icon: "wrap" | "clock" | "copy" | "download" | "trash"; label: string; pressed?: boolean; disabled?: boolean; onClick: () => void }): ReactNode {
  return (
    <button type="button" className="icon-button" aria-label={label} title={label} aria-pressed={pressed} disabled={disabled} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

function Text({ line, wanted }: { line: StreamLine; wanted: string }): ReactNode {
  const text = plain(line.content);
  const pieces = useMemo(() => cut(text, wanted), [text, wanted]);
  return (
    <span className="text">
      {line.lane && <span className="lane">{line.lane}</span>}
      {pieces.map((piece, place) => (place % 2 === 1 ? <mark key={place}>{piece}</mark> : piece))}
    </span>
  );
}

/** A text in pieces: what does not match at even places, what does at odd ones. */
export function cut(text: string, wanted: string): string[] {
  if (!wanted) return [text];
  const pieces: string[] = [];
  const lower = text.toLowerCase();
  let from = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    pieces.push(text.slice(from, at), text.slice(at, at + wanted.length));
    from = at + wanted.length;
  }
  pieces.push(text.slice(from));
  return pieces;
}

function Nothing({ cleared, ended, onAll }: { cleared: number; ended: boolean; onAll: () => void }): ReactNode {
  return (
    <div className="pane-empty">
      {cleared > 0 ? (
        <>
          <p>The output was cleared here. The server still has it.</p>
          <button type="button" className="button small" onClick={onAll}>
            Show all of it again
          </button>
        </>
      ) : (
        <p>{ended ? "The task wrote nothing." : "Lines appear here as the task writes them."}</p>
      )}
    </div>
  );
}
