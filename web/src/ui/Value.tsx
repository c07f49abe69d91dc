/** A JSON value as people read it: names and values, tables for lists of objects; never deeper than it can be read. */

import { useState, type ReactNode } from "react";
import { writeJson } from "@callboard/client";
import { count } from "./time";

/** What is deeper than that is shown as JSON. */
const DEEPEST = 4;
/** So many rows or items are shown at first. */
const FIRST_ROWS = 50;
/** With more columns than that a table is wider than anybody reads. */
const MOST_COLUMNS = 12;

type Fields = Readonly<Record<string, unknown>>;

export function Value({ value, depth = 0 }: { value: unknown; depth?: number }): ReactNode {
  if (!isObject(value) && !Array.isArray(value)) return <Scalar value={value} />;
  if (depth >= DEEPEST) return <pre className="value-json">{writeJson(value, 2)}</pre>;
  if (Array.isArray(value)) return <List items={value} depth={depth} />;
  return <FieldList fields={value} depth={depth} />;
}

function isObject(value: unknown): value is Fields {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function Scalar({ value }: { value: unknown }): ReactNode {
  if (value === null || value === undefined) return <span className="muted">none</span>;
  if (value === "") return <span className="muted">empty</span>;
  if (typeof value === "boolean") return <span>{value ? "Yes" : "No"}</span>;
  if (typeof value === "string") return <span className="value-text">{value}</span>;
  return <span className="value-number">{writeJson(value)}</span>;
}

function FieldList({ fields, depth }: { fields: Fields; depth: number }): ReactNode {
  const entries = Object.entries(fields);
  if (entries.length === 0) return <span className="muted">empty</span>;
  return (
    <dl className="value-fields" data-depth={depth}>
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <Value value={value} depth={depth + 1} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function List({ items, depth }: { items: readonly unknown[]; depth: number }): ReactNode {
  const [shown, setShown] = useState(FIRST_ROWS);
  if (items.length === 0) return <span className="muted">empty list</span>;
  const columns = columnsOf(items);
  const first = items.slice(0, shown);
  return (
    <>
      {columns ? (
        <Table rows={first as readonly Fields[]} columns={columns} depth={depth} />
      ) : (
        <ol className="value-list">
          {first.map((item, place) => (
            <li key={place}>
              <Value value={item} depth={depth + 1} />
            </li>
          ))}
        </ol>
      )}
      {items.length > shown && (
        <button type="button" className="button small" onClick={() => setShown(shown * 4)}>
          Show more of {count(items.length)}
        </button>
      )}
    </>
  );
}

/** The columns of a list whose items are objects with much in common; null where a table would not help. */
function columnsOf(items: readonly unknown[]): readonly string[] | null {
  const names = new Set<string>();
  for (const item of items) {
    if (!isObject(item)) return null;
    for (const name of Object.keys(item)) names.add(name);
    if (names.size > MOST_COLUMNS) return null;
  }
  return names.size > 0 ? [...names] : null;
}

function Table({ rows, columns, depth }: { rows: readonly Fields[]; columns: readonly string[]; depth: number }): ReactNode {
  return (
    <div className="value-table" tabIndex={0} role="region" aria-label={`Table: ${columns.join(", ")}`}>
      <table>
        <thead>
          <tr>
            {columns.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            <tr key={place}>
              {columns.map((name) => (
                <td key={name} data-number={typeof row[name] === "number" || undefined}>
                  {Object.hasOwn(row, name) && <Value value={row[name]} depth={depth + 2} />}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
