/** What was typed and not sent yet, kept for a reload of the tab. Secrets never are. */

import { record } from "@callboard/client";
import type { FormField, RawValues } from "./fields";

const DRAFT = "callboard:draft:";
const key = (id: string): string => DRAFT + id;

export function readDraft(id: string): RawValues {
  try {
    return record(Object.entries((JSON.parse(sessionStorage.getItem(key(id)) ?? "{}") ?? {}) as RawValues));
  } catch {
    return record();
  }
}

export function keepDraft(id: string, fields: readonly FormField[], values: RawValues): void {
  const open = fields.filter(({ type }) => type !== "secret").flatMap(({ name }) => (values[name] === undefined ? [] : [[name, values[name]] as const]));
  try {
    sessionStorage.setItem(key(id), JSON.stringify(Object.fromEntries(open)));
  } catch {
    // Storage may be full or forbidden: then a reload starts the form anew.
  }
}

export function dropDraft(id: string): void {
  try {
    sessionStorage.removeItem(key(id));
  } catch {
    // As above.
  }
}

/** Forgets all drafts, as whoever comes next may be somebody else. */
export function dropAllDrafts(): void {
  try {
    for (const one of Object.keys(sessionStorage).filter((name) => name.startsWith(DRAFT))) sessionStorage.removeItem(one);
  } catch {
    // As above.
  }
}
