/** The list of sessions, asked for again and again: the server has no feed of them yet. */

import { useEffect } from "react";
import { create } from "zustand";
import { CallboardError, hasEnded, isWaiting, type Client, type JournalEntry, type ListOptions, type Progress, type SessionRow } from "@callboard/client";
import { useLinks } from "../../shell/link";

/** What the end of a live session's journal says. */
export interface Tail {
  seq: number;
  progress: Progress | null;
  question: string | null;
}

interface Board {
  rows: readonly SessionRow[] | null;
  more: boolean;
  tails: ReadonlyMap<string, Tail>;
  /** By the server's clock, in seconds. */
  at: number;
  error: string | null;
}

const EMPTY: Board = { rows: null, more: false, tails: new Map(), at: 0, error: null };
export const useBoard = create<Board>(() => EMPTY);

const LIVE_MS = 2000;
const QUIET_MS = 5000;
const HIDDEN_MS = 20_000;
/** So many are asked about at once. */
const TAILS = 12;
const TAIL_ENTRIES = 6;

let refreshNow: () => void = () => undefined;

/** Asks for the list at once, because something was changed here. */
export function refreshBoard(): void {
  refreshNow();
}

/** Keeps the list of these sessions up to date while the component is there. */
export function useBoardOf(client: Client, options: ListOptions): void {
  const wanted = JSON.stringify(options);
  const filter = JSON.stringify({ ...options, limit: null });
  // Other filters show other sessions; more of the same ones leave those that are there, and the place in the list.
  useEffect(() => useBoard.setState({ rows: null, error: null }), [filter]);
  useEffect(() => {
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    let asking = false;
    const again = (ms: number): void => {
      clearTimeout(timer);
      timer = setTimeout(() => void ask(), ms);
    };
    const ask = async (): Promise<void> => {
      if (asking) return;
      asking = true;
      clearTimeout(timer);
      try {
        await load(client, JSON.parse(wanted) as ListOptions, gone.signal, () => void ask());
        failures = 0;
        const live = useBoard.getState().rows?.some(({ status }) => !hasEnded(status));
        again(document.hidden ? HIDDEN_MS : live ? LIVE_MS : QUIET_MS);
      } catch (error) {
        if (gone.signal.aborted) return;
        failures += 1;
        const pause = Math.min(15_000, 1000 * 2 ** failures) * (0.75 + Math.random() / 2);
        failed(error, pause, () => void ask());
        again(pause);
      } finally {
        asking = false;
      }
    };
    refreshNow = () => void ask();
    const woken = (): void => void (document.hidden || ask());
    document.addEventListener("visibilitychange", woken);
    useLinks.setState(({ board }) => ({ board: board ?? { phase: "connecting", roundTrip: null, until: null, reason: "", retry: refreshNow } }));
    void ask();
    return () => {
      gone.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", woken);
      refreshNow = () => undefined;
    };
  }, [client, wanted]);
  useEffect(() => () => useLinks.setState({ board: null }), []);
}

async function load(client: Client, options: ListOptions, signal: AbortSignal, retry: () => void): Promise<void> {
  const from = performance.now();
  const { sessions, next_cursor } = await client.list(options, signal);
  if (signal.aborted) return;
  const roundTrip = performance.now() - from;
  useBoard.setState({ rows: sessions, more: next_cursor !== null, at: Date.now() / 1000 + client.clockSkew, error: null });
  useLinks.setState({ board: { phase: "live", roundTrip, until: null, reason: "", retry } });
  await loadTails(client, sessions, signal);
}

/**
 * Asks more about those that are under way, because the list says neither progress nor question.
 *
 * A waiting one changes only with its row; a running one is asked about each time, as its row is written seldom.
 */
async function loadTails(client: Client, rows: readonly SessionRow[], signal: AbortSignal): Promise<void> {
  const { tails } = useBoard.getState();
  const wanted = rows.filter(({ status, session_id, last_seq }) => !hasEnded(status) && (!isWaiting(status) || tails.get(session_id)?.seq !== last_seq)).slice(0, TAILS);
  if (wanted.length === 0) return;
  const found = await Promise.allSettled(wanted.map(async ({ session_id }) => [session_id, await tailOf(client, session_id, tails.get(session_id), signal)] as const));
  if (signal.aborted) return;
  const kept = new Map([...tails].filter(([id]) => rows.some((row) => row.session_id === id)));
  for (const one of found) if (one.status === "fulfilled") kept.set(...one.value);
  useBoard.setState({ tails: kept });
}

async function tailOf(client: Client, id: string, before: Tail | undefined, signal: AbortSignal): Promise<Tail> {
  const { last_seq: seq, open_requests } = await client.describe(id, signal);
  if (before?.seq === seq) return before;
  const tail: Tail = { seq, progress: before?.progress ?? null, question: open_requests[0] ? inShort(open_requests[0]) : null };
  if (tail.question !== null) return tail;
  const { events } = await client.events(id, { since: Math.max(0, seq - TAIL_ENTRIES), limit: TAIL_ENTRIES }, signal);
  for (const entry of events) if (entry.type === "progress") tail.progress = { done: entry.done, total: entry.total, label: entry.label };
  return tail;
}

/** A question in a line. */
function inShort(entry: JournalEntry): string {
  if (entry.type === "request_confirmation") return entry.message;
  if (entry.type === "request_user_input") return entry.message ?? `${entry.fields.length} ${entry.fields.length === 1 ? "field" : "fields"} to fill in`;
  return entry.type === "task_failed" ? `Try again? ${entry.error}` : "";
}

function failed(error: unknown, pause: number, retry: () => void): void {
  const text = error instanceof CallboardError ? error.message : "The list could not be loaded.";
  useBoard.setState({ error: text });
  const away = !(error instanceof CallboardError) || error.status === 0 || error.status >= 500;
  if (away) useLinks.setState({ board: { phase: "reconnecting", roundTrip: null, until: Date.now() + pause, reason: text, retry } });
}
