/** How the page stands with the server: what the pill in the header shows. */

import { useEffect } from "react";
import { create } from "zustand";
import type { Connection } from "@callboard/client";

export type LinkState = Pick<Connection, "phase" | "roundTrip" | "until" | "reason"> & { code?: number | null; retry: () => void };

/** The close codes that say so. */
export const NOT_AUTHENTICATED = 4501;
const UNKNOWN_SESSION = 4504;

interface Links {
  /** That of the inbox, which is always there. */
  inbox: LinkState | null;
  /** That of the lists, which are asked for again and again. */
  board: LinkState | null;
  /** That of the session which is open. */
  session: LinkState | null;
}

export const useLinks = create<Links>(() => ({ inbox: null, board: null, session: null }));

/**
 * The one that says most now. A session that has ended, or that the server does not know, says nothing of the server.
 */
export function shown({ inbox, board, session }: Links): LinkState | null {
  if (session && session.phase !== "done" && session.code !== UNKNOWN_SESSION) return session;
  if (board && board.phase === "reconnecting") return board;
  return inbox ?? board ?? session;
}

/** Shows a session's connection while the component is there. */
export function useSessionLink(connection: Connection, retry: () => void): void {
  useEffect(() => {
    const { phase, roundTrip, until, reason, code } = connection;
    useLinks.setState({ session: { phase, roundTrip, until, reason, code, retry } });
  }, [connection, retry]);
  useEffect(() => () => useLinks.setState({ session: null }), []);
}
