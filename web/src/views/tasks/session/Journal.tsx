/** The inspector: every entry of the journal, and what exactly stands in it. */

import { useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode, type UIEvent } from "react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { writeJson, type SessionStore } from "@callboard/client";
import { useSelected } from "@callboard/client/react";
import { copyText } from "../../../ui/clipboard";
import { Icon } from "../../../ui/Icon";
import { clock, count } from "../../../ui/time";
import { brief } from "./brief";
import { useMatches } from "./growing";

const ROW_PX = 34;
const isOutput = (type: string): boolean => type === "stream" || type === "progress";

export function Journal({ store }: { store: SessionStore }): ReactNode {
  const entries = useSelected(store, (state) => state.entries);
  const all = useSelected(store, (state) => state.count);
  const [output, setOutput] = useState(false);
  const [chosen, setChosen] = useState<number | null>(null);
  const pane = useRef<HTMLDivElement>(null);
  const follow = useRef(true);
  const places = useMatches(entries, 0, all, output ? null : "state", (entry) => !isOutput(entry.type));
  const size = places ? places.length : all;
  const placeOf = (index: number): number => (places ? (places[index] ?? 0) : index);
  const virtual = useVirtualizer({ count: size, getScrollElement: () => pane.current, estimateSize: () => ROW_PX, overscan: 10 });
  const entry = chosen === null ? undefined : entries[chosen];

  useLayoutEffect(() => {
    if (follow.current && pane.current) pane.current.scrollTop = pane.current.scrollHeight;
    // Follows the end until the reader scrolls up or chooses something.
  }, [size]);
  const onScroll = ({ currentTarget: at }: UIEvent<HTMLElement>): void => {
    follow.current = at.scrollHeight - at.scrollTop - at.clientHeight < ROW_PX;
  };
  const choose = (place: number): void => {
    follow.current = false;
    setChosen(place);
  };
  const onKey = (event: KeyboardEvent): void => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by === undefined || size === 0) return;
    event.preventDefault();
    const at = chosen === null ? size : places ? places.indexOf(chosen) : chosen;
    const next = Math.min(size - 1, Math.max(0, at + by));
    choose(placeOf(next));
    virtual.scrollToIndex(next);
  };

  return (
    <div className="journal">
      <div className="toolbar">
        <label className="tick">
          <input type="checkbox" checked={output} onChange={(event) => setOutput(event.target.checked)} />
          Include output and progress
        </label>
        <span className="line-count">
          {count(size)} of {count(all)} entries
        </span>
      </div>
      <div className="journal-body" data-chosen={entry ? true : undefined}>
        <div className="pane" ref={pane} tabIndex={0} role="listbox" aria-label="Journal" aria-activedescendant={chosen === null ? undefined : `entry-${chosen}`} onKeyDown={onKey} onScroll={onScroll}>
          <div className="space" role="presentation" style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((item) => {
              const place = placeOf(item.index);
              const one = entries[place];
              return (
                one && (
                  <div
                    key={place}
                    id={`entry-${place}`}
                    role="option"
                    aria-selected={place === chosen}
                    className="entry"
                    data-type={one.type}
                    style={{ transform: `translateY(${item.start}px)` }}
                    onClick={() => choose(place)}
                  >
                    <span className="number">{one.seq}</span>
                    <time>{clock(one.timestamp, true)}</time>
                    <code>{one.type}</code>
                    <span className="entry-brief">{brief(one)}</span>
                  </div>
                )
              );
            })}
          </div>
        </div>
        {entry ? (
          <div className="payload" aria-label={`Entry ${entry.seq}`} role="group">
            <header>
              <strong>
                {entry.seq} · {entry.type}
              </strong>
              <button type="button" className="icon-button" aria-label="Copy the entry" onClick={() => void copyText(writeJson(entry, 2), "Entry")}>
                <Icon name="copy" />
              </button>
              <button type="button" className="icon-button" aria-label="Close the entry" onClick={() => setChosen(null)}>
                <Icon name="cross" />
              </button>
            </header>
            <pre tabIndex={0}>{writeJson(entry, 2)}</pre>
          </div>
        ) : (
          <p className="payload-none">Select an entry to see all of it.</p>
        )}
      </div>
    </div>
  );
}
