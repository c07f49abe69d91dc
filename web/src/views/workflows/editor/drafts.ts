/** What was drawn and not saved yet, kept in the browser for a reload and for the next visit. */

import { parseJson, writeJson } from "@callboard/client";
import type { Workflow } from "../model";
import { newId } from "./pure/graph";

export interface Draft {
  workflow: Workflow;
  /** When it was kept, in seconds since the epoch. */
  at: number;
}

const PREFIX = "callboard:workflow:";
/** Serves where the browser forbids storage, or has no room: then a draft lasts until the page is left. */
const inMemory = new Map<string, Draft>();

/** The drafts that are no surprise: what was opened or drawn since the page was loaded, and not left since. */
export const known = new Set<string>();

/** The name of a draft of what was never saved. */
export function newDraftKey(): string {
  return newId("new", new Set(keys()));
}

export function readDraft(key: string): Draft | null {
  try {
    const read = parseJson(localStorage.getItem(PREFIX + key) ?? "null") as Draft | null;
    if (read && Array.isArray(read.workflow?.nodes) && Array.isArray(read.workflow.edges)) return read;
  } catch {
    // Forbidden, or no longer whole: what is in memory is all there is.
  }
  return inMemory.get(key) ?? null;
}

export function keepDraft(key: string, workflow: Workflow): void {
  const draft = { workflow, at: Date.now() / 1000 };
  try {
    localStorage.setItem(PREFIX + key, writeJson(draft));
    inMemory.delete(key);
  } catch {
    inMemory.set(key, draft);
  }
}

export function dropDraft(key: string): void {
  inMemory.delete(key);
  try {
    localStorage.removeItem(PREFIX + key);
  } catch {
    // As above.
  }
}

/** Drafts of what was never saved, newest first. */
export function newDrafts(): { key: string; draft: Draft }[] {
  return keys()
    .filter((key) => key.startsWith("new-"))
    .flatMap((key) => {
      const draft = readDraft(key);
      return draft ? [{ key, draft }] : [];
    })
    .sort((one, other) => other.draft.at - one.draft.at);
}

function keys(): string[] {
  const found = [...inMemory.keys()];
  try {
    for (let at = 0; at < localStorage.length; at += 1) {
      const name = localStorage.key(at);
      if (name?.startsWith(PREFIX)) found.push(name.slice(PREFIX.length));
    }
  } catch {
    // As above.
  }
  return found;
}
