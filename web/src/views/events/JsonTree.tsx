/** A JSON value as a tree whose branches open and close. */

import { isNumber, writeJson } from "@callboard/client";
import { useState, type ReactNode } from "react";
import { count } from "../../ui/time";

/** Branches deeper than that are closed at first. */
const OPEN_DEPTH = 3;
/** Of a long branch, so many are shown at a time. */
const STEP = 100;

interface Props {
  value: unknown;
  name?: string;
  depth?: number;
}

export function JsonTree({ value, name, depth = 0 }: Props): ReactNode {
  if (value !== null && typeof value === "object") return <Branch value={value} name={name} depth={depth} />;
  return (
    <div className="leaf">
      <Name name={name} />
      <span className="json" data-sort={value === null ? "null" : isNumber(value) ? "number" : typeof value}>
        {writeJson(value)}
      </span>
    </div>
  );
}

function Name({ name }: { name: string | undefined }): ReactNode {
  return name === undefined ? null : <span className="json-name">{name}: </span>;
}

function Branch({ value, name, depth }: { value: object; name: string | undefined; depth: number }): ReactNode {
  const [isOpen, setOpen] = useState(depth < OPEN_DEPTH);
  const [most, setMost] = useState(STEP);
  const isList = Array.isArray(value);
  const entries = isOpen ? Object.entries(value) : [];
  const size = isList ? value.length : Object.keys(value).length;
  const words = isList ? `[${count(size)}]` : `{${count(size)}}`;
  if (size === 0) {
    return (
      <div className="leaf">
        <Name name={name} />
        <span className="json">{isList ? "[]" : "{}"}</span>
      </div>
    );
  }
  return (
    <details className="branch" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Name name={name} />
        <span className="json-size">{words}</span>
      </summary>
      {entries.slice(0, most).map(([key, one]) => (
        <JsonTree key={key} name={key} value={one} depth={depth + 1} />
      ))}
      {entries.length > most && (
        <button type="button" className="button small quiet" onClick={() => setMost(most + STEP)}>
          {count(entries.length - most)} more
        </button>
      )}
    </details>
  );
}
