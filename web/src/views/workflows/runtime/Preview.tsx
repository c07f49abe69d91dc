/** Values as people read them: texts and numbers as they are, lists and objects as a tree that folds. */

import { useState, type ReactNode } from "react";
import { bytesWords, isCut, numberWords } from "./words";

const LONG_TEXT = 400;
/** So many items of a list or an object are shown at first. */
const ITEMS = 30;

/** One value. */
export function Preview({ value, large = false }: { value: unknown; large?: boolean }): ReactNode {
  if (isCut(value)) {
    return (
      <span className="run-cut">
        <code>{value.preview}…</code>
        <span className="run-note">First part of {bytesWords(value.bytes)}.</span>
      </span>
    );
  }
  if (typeof value === "string") return <TextValue text={value} />;
  if (value !== null && typeof value === "object") return <Tree value={value} open={large ? 2 : 1} />;
  return <Scalar value={value} />;
}

function Scalar({ value }: { value: unknown }): ReactNode {
  if (typeof value === "number") return <span className="run-number">{numberWords(value)}</span>;
  if (typeof value === "bigint") return <span className="run-number">{String(value)}</span>;
  if (typeof value === "boolean") return <span className="run-boolean">{value ? "yes" : "no"}</span>;
  return <span className="run-none">nothing</span>;
}

function TextValue({ text }: { text: string }): ReactNode {
  const [whole, setWhole] = useState(false);
  if (text === "") return <span className="run-none">empty text</span>;
  const isLong = text.length > LONG_TEXT;
  return (
    <span className="run-text">
      {isLong && !whole ? `${text.slice(0, LONG_TEXT)}…` : text}
      {isLong && (
        <button type="button" className="run-more nodrag" onClick={() => setWhole(!whole)}>
          {whole ? "less" : `all ${text.length.toLocaleString("en")} characters`}
        </button>
      )}
    </span>
  );
}

function Tree({ value, open }: { value: object; open: number }): ReactNode {
  const [isOpen, setOpen] = useState(open > 0);
  const [limit, setLimit] = useState(ITEMS);
  const isList = Array.isArray(value);
  const entries = Object.entries(value as Record<string, unknown>);
  const summary = isList ? `${entries.length} ${entries.length === 1 ? "item" : "items"}` : `${entries.length} ${entries.length === 1 ? "field" : "fields"}`;
  if (entries.length === 0) return <span className="run-none">{isList ? "empty list" : "empty object"}</span>;
  return (
    <span className="run-tree">
      <button type="button" className="run-fold nodrag" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <span aria-hidden="true">{isOpen ? "▾" : "▸"}</span> {summary}
      </button>
      {isOpen && (
        <ul>
          {entries.slice(0, limit).map(([key, item]) => (
            <li key={key}>
              <span className="run-key">{key}</span>
              {item !== null && typeof item === "object" ? <Tree value={item} open={open - 1} /> : typeof item === "string" ? <TextValue text={item} /> : <Scalar value={item} />}
            </li>
          ))}
          {entries.length > limit && (
            <li>
              <button type="button" className="run-more nodrag" onClick={() => setLimit(limit + 10 * ITEMS)}>
                {entries.length - limit} more
              </button>
            </li>
          )}
        </ul>
      )}
    </span>
  );
}
