/** One line of the output, with its number and the hits of a search. */

import { memo, useMemo, type ReactNode } from "react";
import type { StreamLine } from "@callboard/client";
import { clock } from "../../../ui/time";
import type { StreamPane } from "./useStream";

/** Colours and the like that programs print for terminals. */
const TERMINAL_CODES = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007]*(?:\u0007|\u001b\\)/g;

/** A line without them. */
export function plain(text: string): string {
  return text.includes("\u001b") ? text.replace(TERMINAL_CODES, "") : text;
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

interface Props {
  line: StreamLine;
  /** Among all lines, from 0. */
  place: number;
  /** Among those that are shown. */
  index: number;
  /** Pixels from the top. */
  start: number;
  stream: StreamPane;
  /** Given where lines differ in height. */
  measure: ((node: HTMLDivElement | null) => void) | undefined;
}

export function Line({ line, place, index, start, stream, measure }: Props): ReactNode {
  const { times, search } = stream;
  return (
    <div className="line" ref={measure} data-index={index} data-hit={place === search.current ? "now" : undefined} style={{ transform: `translateY(${start}px)` }}>
      <span className="number">{place + 1}</span>
      {times && <time>{clock(line.timestamp, true)}</time>}
      <Text line={line} wanted={search.wanted} />
    </div>
  );
}

const Text = memo(function Text({ line, wanted }: { line: StreamLine; wanted: string }): ReactNode {
  const pieces = useMemo(() => cut(plain(line.content), wanted), [line, wanted]);
  return (
    <span className="text">
      {line.lane && <span className="lane">{line.lane}</span>}
      {pieces.map((piece, place) => (place % 2 === 1 ? <mark key={place}>{piece}</mark> : piece))}
    </span>
  );
});
