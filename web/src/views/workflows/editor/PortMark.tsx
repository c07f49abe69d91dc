/** The sign of a port's type: a colour, a shape and a letter, so that no one has to tell colours apart. */

import type { ReactNode } from "react";
import type { PortType } from "../model";

/** Every type with its letter and what it is, in the order of the legend. */
export const TYPES: readonly { type: PortType; letter: string; about: string }[] = [
  { type: "text", letter: "T", about: "Letters and words" },
  { type: "number", letter: "N", about: "Any number; takes whole numbers, too" },
  { type: "integer", letter: "I", about: "A whole number" },
  { type: "boolean", letter: "B", about: "Yes or no" },
  { type: "list", letter: "L", about: "Several values in order" },
  { type: "object", letter: "O", about: "Values with names" },
  { type: "json", letter: "J", about: "Anything; goes everywhere, and is checked when the value is there" },
];

const LETTERS = new Map(TYPES.map(({ type, letter }) => [type, letter]));

export function letterOf(type: PortType): string {
  return LETTERS.get(type) ?? "?";
}

export function PortMark({ type }: { type: PortType }): ReactNode {
  return (
    <span className={`wf-port wf-type-${type}`} aria-hidden="true">
      <span>{letterOf(type)}</span>
    </span>
  );
}
