/** The classes of nodes, asked for once and kept: they change only with the server. */

import { useCallback, useEffect, useState } from "react";
import { loadCatalogue } from "./api";
import { useEditor } from "./store";

/** Loads the classes where they are not there yet; gives why they could not be, and what tries again. */
export function useCatalogue(): { error: string | null; again: () => void } {
  const [error, setError] = useState<string | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (useEditor.getState().catalogue) return undefined;
    const gone = new AbortController();
    loadCatalogue(gone.signal).then(
      (catalogue) => {
        setError(null);
        useEditor.setState({ catalogue });
      },
      (failure: unknown) => {
        if (!gone.signal.aborted) setError(failure instanceof Error ? failure.message : String(failure));
      },
    );
    return () => gone.abort();
  }, [turn]);
  return { error, again: useCallback(() => setTurn((now) => now + 1), []) };
}
