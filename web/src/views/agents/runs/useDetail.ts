/** A session of agents as a page needs it: its store, linked to the shell, and all that the server says of it. */

import type { SessionDetail, SessionStore } from "@callboard/client";
import { useCallboard, useSelected, useSessionStore } from "@callboard/client/react";
import { useSessionLink } from "../../../shell/link";
import { useLoaded, type Loaded } from "../../../ui/useLoaded";

export interface Detail {
  store: SessionStore;
  detail: Loaded<SessionDetail>;
  /** There is no session with this id. */
  isUnknown: boolean;
}

export function useDetail(id: string): Detail {
  const client = useCallboard();
  const store = useSessionStore(id);
  const connection = useSelected(store, (state) => state.connection);
  useSessionLink(connection, store.reconnect);
  const isThere = useSelected(store, ({ status }) => status !== null);
  const detail = useLoaded(`${id} ${isThere}`, (signal) => client.describe(id, signal));
  const isUnknown = (connection.phase === "stopped" && connection.code === 4504) || detail.error?.status === 404;
  return { store, detail, isUnknown };
}
