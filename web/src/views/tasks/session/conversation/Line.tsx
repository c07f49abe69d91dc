/** One line of the output, with its number and the hits of a search. */

import { memo, useMemo, type ReactNode } from "react";
import type { StreamLine } from "@callboard/client";
import { clock } from "../../../../ui/time";

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

export function Line({ line, number, times, wanted }: { line: StreamLine; number: number; times: boolean; wanted: string }): ReactNode {
  return (
    <>
      <span className="number">{number}</span>
      {times && <time>{clock(line.timestamp, true)}</time>}
      <span className="text">
        {line.lane && <span className="lane">{line.lane}</span>}
        <Marked text={line.content} wanted={wanted} />
      </span>
    </>
  );
}

/** A text in which the hits of a search are marked. */
export const Marked = memo(function Marked({ text, wanted }: { text: string; wanted: string }): ReactNode {
  const pieces = useMemo(() => cut(plain(text), wanted), [text, wanted]);
  return pieces.map((piece, place) => (place % 2 === 1 ? <mark key={place}>{piece}</mark> : piece));
});
