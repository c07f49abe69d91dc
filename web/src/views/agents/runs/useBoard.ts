/** The board of a watched session, and what of it changes while a model replies. */

import { useRef } from "react";
import type { Draft, JournalEntry, SessionStore } from "@callboard/client";
import { useSelected } from "@callboard/client/react";
import { BoardModel, type Board, type Run } from "./board";

export function useBoard(store: SessionStore): Board {
  const kept = useRef<{ entries: readonly JournalEntry[]; model: BoardModel } | null>(null);
  // Read once for each state: entries of a store that was opened anew are others.
  return useSelected(store, ({ entries, count }) => {
    if (kept.current?.entries !== entries) kept.current = { entries, model: new BoardModel() };
    return kept.current.model.upTo(entries, count);
  });
}

/** What the model of a run says right now; a new object once a frame at most. */
export function useDraft(store: SessionStore, { key, status }: Pick<Run, "key" | "status">): Draft | null {
  return useSelected(store, ({ drafts }) => {
    if (status !== "working") return null;
    let found: Draft | null = null;
    for (const draft of drafts.values()) {
      const { lane } = draft;
      // Those whom it has handed work to have runs of their own.
      if (lane !== null && lane.startsWith(`${key}/`) && !lane.slice(key.length).includes("/delegate-")) found = draft;
    }
    return found;
  });
}
