/** The document beside its findings: numbered lines, those with findings marked, and the one that is looked at in sight. */

import { useEffect, useRef, type ReactNode } from "react";
import { useVirtualizer } from "@tanstack/react-virtual";
import type { DocumentLine, Severity } from "@callboard/client";
import type { Found } from "../runs/board";
import { markIn, type MediaType } from "./place";

const LINE_PX = 22;
const OVERSCAN = 20;

interface Props {
  lines: readonly DocumentLine[];
  mediaType: MediaType;
  /** The worst finding of each line that has one. */
  marks: ReadonlyMap<number, Severity>;
  chosen: Found | null;
  /** The line of the chosen finding. */
  chosenLine: number;
  /** A line with findings was clicked. */
  onLine: (line: number) => void;
}

export function Paper({ lines, mediaType, marks, chosen, chosenLine, onLine }: Props): ReactNode {
  const pane = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({ count: lines.length, getScrollElement: () => pane.current, estimateSize: () => LINE_PX, overscan: OVERSCAN });
  useEffect(() => {
    if (chosenLine < 0) return undefined;
    virtual.scrollToIndex(chosenLine, { align: "center" });
    // Lines are measured once they are there, which moves those below them.
    const frame = requestAnimationFrame(() => virtual.scrollToIndex(chosenLine, { align: "center" }));
    return () => cancelAnimationFrame(frame);
  }, [chosenLine, chosen?.seq]);
  return (
    <div className="paper-pane" ref={pane} tabIndex={0} role="region" aria-label="Document">
      <div className="paper-space" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ key, index, start }) => {
          const line = lines[index];
          if (!line) return null;
          const severity = marks.get(index);
          const isChosen = index === chosenLine;
          return (
            <div key={key} data-index={index} ref={virtual.measureElement} className="paper-line" data-severity={severity} data-chosen={isChosen || undefined} aria-current={isChosen || undefined} style={{ transform: `translateY(${start}px)` }}>
              {severity ? (
                <button type="button" className="paper-number" aria-label={`Show the finding at line ${line.line}`} onClick={() => onLine(index)}>
                  {numberOf(line)}
                </button>
              ) : (
                <span className="paper-number">{numberOf(line)}</span>
              )}
              <span className="paper-text">{isChosen && chosen ? <Marked text={line.text} mark={markIn(line.text, chosen, mediaType)} /> : line.text}</span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** Pages and sheets count their own lines. */
function numberOf({ page, line }: DocumentLine): string {
  return page === undefined ? String(line) : `${page}:${line}`;
}

export function Marked({ text, mark }: { text: string; mark: readonly [number, number] | null }): ReactNode {
  if (!mark) return text;
  const [from, to] = mark;
  return (
    <>
      {text.slice(0, from)}
      <mark>{text.slice(from, to)}</mark>
      {text.slice(to)}
    </>
  );
}
