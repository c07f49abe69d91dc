/** The connections, asked for again and again. */

import { useEffect } from "react";
import { create } from "zustand";
import { CallboardError, type AdminCalls, type ConnectionPage } from "@callboard/client";
import { useLinks } from "../../shell/link";

interface Listed {
  page: ConnectionPage | null;
  /** What went wrong last; what was known before stays. */
  error: string | null;
}

const EMPTY: Listed = { page: null, error: null };
export const useListed = create<Listed>(() => EMPTY);

const EVERY_MS = 2000;
const HIDDEN_MS = 20_000;
const PAGE = 200;

let refreshNow: () => void = () => undefined;

/** Asks for the list at once, because something was changed here. */
export function refreshList(): void {
  refreshNow();
}

/** Calls again and again while the component is there, seldom in a hidden tab, after pauses that grow when it fails. */
export function repeat(call: (signal: AbortSignal) => Promise<"again" | "enough">, everyMs: number, onPause: (ms: number, error: unknown) => void): { now: () => void; end: () => void } {
  const gone = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let asking = false;
  const ask = async (): Promise<void> => {
    if (asking || gone.signal.aborted) return;
    asking = true;
    clearTimeout(timer);
    let pause = document.hidden ? HIDDEN_MS : everyMs;
    try {
      const next = await call(gone.signal);
      failures = 0;
      if (next === "enough") return;
    } catch (error) {
      if (gone.signal.aborted) return;
      failures += 1;
      pause = Math.min(15_000, 1000 * 2 ** failures) * (0.75 + Math.random() / 2);
      onPause(pause, error);
    } finally {
      asking = false;
    }
    if (!gone.signal.aborted) timer = setTimeout(() => void ask(), pause);
  };
  const woken = (): void => void (document.hidden || ask());
  document.addEventListener("visibilitychange", woken);
  void ask();
  return {
    now: () => void ask(),
    end: () => {
      gone.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", woken);
    },
  };
}

/** What a refusal or a failure says. */
export function said(error: unknown): string {
  if (!(error instanceof CallboardError)) return error instanceof Error ? error.message : String(error);
  return [error.message, ...error.faults.map(({ loc, msg }) => `${loc.join(".")}: ${msg}`)].join(" ");
}

/** Keeps the list of so many connections up to date. */
export function useListOf(calls: AdminCalls, limit: number, isOfAll: boolean): void {
  useEffect(() => {
    const row = repeat(
      async (signal) => {
        const from = performance.now();
        const page = await load(calls, { limit, all: isOfAll }, signal);
        useListed.setState({ page, error: null });
        useLinks.setState({ board: { phase: "live", roundTrip: performance.now() - from, until: null, reason: "", retry: refreshList } });
        return "again";
      },
      EVERY_MS,
      (pause, error) => {
        const reason = said(error);
        useListed.setState({ error: reason });
        const away = !(error instanceof CallboardError) || error.status === 0 || error.status >= 500;
        if (away) useLinks.setState({ board: { phase: "reconnecting", roundTrip: null, until: Date.now() + pause, reason, retry: refreshList } });
      },
    );
    refreshNow = row.now;
    return () => {
      row.end();
      refreshNow = () => undefined;
    };
  }, [calls, limit, isOfAll]);
  useEffect(() => () => {
    useListed.setState(EMPTY);
    useLinks.setState({ board: null });
  }, []);
}

async function load(calls: AdminCalls, { limit, all: isOfAll }: { limit: number; all: boolean }, signal: AbortSignal): Promise<ConnectionPage> {
  let all = await calls.connections({ limit: Math.min(PAGE, limit), all: isOfAll }, signal);
  while (all.next_cursor !== null && all.connections.length < limit) {
    const next = await calls.connections({ limit: Math.min(PAGE, limit - all.connections.length), cursor: all.next_cursor, all: isOfAll }, signal);
    all = { ...next, connections: [...all.connections, ...next.connections] };
  }
  return all;
}
