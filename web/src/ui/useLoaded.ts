/** Something that is asked for over HTTP: once, or again and again while it is in sight. */

import { useCallback, useEffect, useState } from "react";
import { CallboardError } from "@callboard/client";

export interface Loaded<T> {
  value: T | null;
  error: CallboardError | null;
  /** Asks again now. */
  again: () => void;
}

const HIDDEN_MS = 20_000;

/** `key` says what is asked for; `everyMs` how often, by what came last; null for never again. */
export function useLoaded<T>(key: string, load: (signal: AbortSignal) => Promise<T>, everyMs: (value: T) => number | null = () => null): Loaded<T> {
  const [state, setState] = useState<{ key: string; value: T | null; error: CallboardError | null }>({ key, value: null, error: null });
  const [times, setTimes] = useState(0);
  const again = useCallback(() => setTimes((before) => before + 1), []);
  useEffect(() => {
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    const ask = async (): Promise<void> => {
      try {
        const value = await load(gone.signal);
        if (gone.signal.aborted) return;
        failures = 0;
        setState({ key, value, error: null });
        const pause = everyMs(value);
        if (pause !== null) timer = setTimeout(() => void ask(), document.hidden ? HIDDEN_MS : pause);
      } catch (failed) {
        if (gone.signal.aborted) return;
        const error = failed instanceof CallboardError ? failed : new CallboardError(String(failed));
        setState((before) => ({ key, value: before.key === key ? before.value : null, error }));
        failures += 1;
        const isAway = error.status === 0 || error.status >= 500;
        if (isAway) timer = setTimeout(() => void ask(), Math.min(15_000, 1000 * 2 ** failures));
      }
    };
    void ask();
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
    // What is loaded depends on the key alone.
  }, [key, times]);
  return { value: state.key === key ? state.value : null, error: state.key === key ? state.error : null, again };
}
