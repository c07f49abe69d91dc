/** A list of who may get in: what it is, what adds to it, and its table or why there is none. */

import type { ReactNode } from "react";
import { CallboardError } from "@callboard/client";
import { Failure } from "../../ui/Failure";
import { Icon } from "../../ui/Icon";

interface Props {
  title: string;
  about: string;
  /** What adds one, in words. */
  add: string;
  onAdd: () => void;
  /** What the list is of, in the plural. */
  things: string;
  /** How many there are; undefined until they are loaded. */
  count: number | undefined;
  error: CallboardError | null;
  again: () => void;
  /** What to say where there is none. */
  empty: ReactNode;
  /** What stands above the table. */
  notice?: ReactNode;
  /** The heads of the columns; the last one is read out only. */
  columns: readonly string[];
  /** The rows. */
  children: ReactNode;
}

export function List({ title, about, add, onAdd, things, count, error, again, empty, notice, columns, children }: Props): ReactNode {
  return (
    <>
      <header className="access-head">
        <div>
          <h1>{title}</h1>
          <p className="muted">{about}</p>
        </div>
        <button type="button" className="button primary" onClick={onAdd} aria-keyshortcuts="n">
          <Icon name="plus" />
          {add}
        </button>
      </header>
      {notice}
      {error && <Failure error={error} again={again} />}
      {count === undefined && !error && <p className="loading">Loading the {things}…</p>}
      {count === 0 && <div className="empty">{empty}</div>}
      {Boolean(count) && (
        <div className="access-table" tabIndex={0} role="region" aria-label={title}>
          <table>
            <thead>
              <tr>
                {columns.map((column, at) => (
                  <th key={column} scope="col">
                    {at === columns.length - 1 ? <span className="visually-hidden">{column}</span> : column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>{children}</tbody>
          </table>
        </div>
      )}
    </>
  );
}

/** Removes something, which may be gone already. */
export async function removed(removing: Promise<unknown>): Promise<void> {
  try {
    await removing;
  } catch (error) {
    if (!(error instanceof CallboardError) || error.status !== 404) throw error;
  }
}
