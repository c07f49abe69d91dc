/** How the page stands with the server: what the pill in the header shows. */

import { useEffect } from "react";
import { create } from "zustand";
import type { Connection } from "@callboard/client";

export type LinkState = Pick<Connection, "phase" | "roundTrip" | "until" | "reason"> & { retry: () => void };

interface Links {
  /** That of the lists, which are asked for again and again. */
  board: LinkState | null;
  /** That of the session which is open. */
  session: LinkState | null;
}

export const useLinks = create<Links>(() => ({ board: null, session: null }));

/** The one that says most now. */
export function shown({ board, session }: Links): LinkState | null {
  return session && session.phase !== "done" ? session : (board ?? session);
}

/** Shows a session's connection while the component is there. */
export function useSessionLink(connection: Connection, retry: () => void): void {
  useEffect(() => {
    const { phase, roundTrip, until, reason } = connection;
    useLinks.setState({ session: { phase, roundTrip, until, reason, retry } });
  }, [connection, retry]);
  useEffect(() => () => useLinks.setState({ session: null }), []);
}
