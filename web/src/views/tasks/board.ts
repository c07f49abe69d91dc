/** The list of sessions, asked for again and again while it is in sight. */

import { useEffect } from "react";
import { create } from "zustand";
import { CallboardError, hasEnded, type Client, type SessionRow } from "@callboard/client";
import { useLinks } from "../../shell/link";
import { loadFacts, type Facts } from "./facts";
import { listOf, type Filter } from "./query";

interface Board {
  rows: readonly SessionRow[] | null;
  more: boolean;
  /** How many sessions there are by status, with all other filters; null until the server has said. */
  counts: Readonly<Record<string, number>> | null;
  /** Whether the server looked at everything there is, to find and to count. */
  isComplete: boolean;
  facts: ReadonlyMap<string, Facts>;
  /** By the server's clock, in seconds. */
  at: number;
  error: string | null;
}

const EMPTY: Board = { rows: null, more: false, counts: null, isComplete: true, facts: new Map(), at: 0, error: null };
export const useBoard = create<Board>(() => EMPTY);

const LIVE_MS = 2000;
const QUIET_MS = 5000;
const HIDDEN_MS = 20_000;
const SOCKETS = ["inbox", "session"] as const;
/** The facts of so many sessions are kept; those that are not listed go first. */
const FACTS_KEPT = 2000;

let refreshNow: () => void = () => undefined;

/** Asks for the list at once, because something was changed here. */
export function refreshBoard(): void {
  refreshNow();
}

/** Keeps the list of these sessions up to date while the component is there, for whoever is shown lists. */
export function useBoardOf(client: Client, filter: Filter, limit: number, isListed: boolean): void {
  const wanted = JSON.stringify(filter);
  // Other filters show other sessions; more of the same ones leave those that are there, and the place in the list.
  useEffect(() => useBoard.setState({ rows: null, isComplete: true, error: null }), [wanted]);
  useEffect(() => {
    if (!isListed) return undefined;
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    let asking = false;
    let wantsMore = false;
    const again = (ms: number): void => {
      clearTimeout(timer);
      timer = setTimeout(() => void ask(), ms);
    };
    const ask = async (): Promise<void> => {
      wantsMore = asking;
      if (asking) return;
      asking = true;
      clearTimeout(timer);
      try {
        await load(client, JSON.parse(wanted) as Filter, limit, gone.signal, () => void ask());
        failures = 0;
        const live = useBoard.getState().rows?.some(({ status }) => !hasEnded(status));
        again(wantsMore ? 0 : document.hidden ? HIDDEN_MS : live ? LIVE_MS : QUIET_MS);
      } catch (error) {
        if (gone.signal.aborted) return;
        failures += 1;
        const pause = Math.min(15_000, 1000 * 2 ** failures) * (0.75 + Math.random() / 2);
        failed(error, pause, () => void ask());
        again(wantsMore ? 0 : pause);
      } finally {
        asking = false;
      }
    };
    refreshNow = () => void ask();
    const woken = (): void => void (document.hidden || ask());
    document.addEventListener("visibilitychange", woken);
    // A socket that is back says that the server is.
    const heard = useLinks.subscribe((now, before) => {
      if (failures > 0 && SOCKETS.some((socket) => now[socket]?.phase === "live" && before[socket]?.phase !== "live")) void ask();
    });
    useLinks.setState(({ board }) => ({ board: board ?? { phase: "connecting", roundTrip: null, until: null, reason: "", retry: refreshNow } }));
    void ask();
    return () => {
      gone.abort();
      clearTimeout(timer);
      heard();
      document.removeEventListener("visibilitychange", woken);
      refreshNow = () => undefined;
    };
  }, [client, wanted, limit, isListed]);
  useEffect(() => () => useLinks.setState({ board: null }), []);
}

async function load(client: Client, filter: Filter, limit: number, signal: AbortSignal, retry: () => void): Promise<void> {
  const from = performance.now();
  const page = await client.list(listOf(filter, limit, Date.now() / 1000 + client.clockSkew), signal);
  if (signal.aborted) return;
  const { sessions, next_cursor, counts = null, complete } = page;
  const roundTrip = performance.now() - from;
  useBoard.setState({ rows: sessions, more: next_cursor !== null, counts, isComplete: complete, at: Date.now() / 1000 + client.clockSkew, error: null });
  useLinks.setState({ board: { phase: "live", roundTrip, until: null, reason: "", retry } });
  const { facts } = useBoard.getState();
  if (facts.size > FACTS_KEPT) useBoard.setState({ facts: new Map([...facts].filter(([id]) => sessions.some((row) => row.session_id === id))) });
  await loadFacts(client, sessions, facts, signal, (id, found) => useBoard.setState((board) => ({ facts: new Map(board.facts).set(id, found) })));
}

function failed(error: unknown, pause: number, retry: () => void): void {
  const text = error instanceof CallboardError ? error.message : "The list could not be loaded.";
  useBoard.setState({ error: text });
  const away = !(error instanceof CallboardError) || error.status === 0 || error.status >= 500;
  if (away) useLinks.setState({ board: { phase: "reconnecting", roundTrip: null, until: Date.now() + pause, reason: text, retry } });
}
