/** React's way to a session: `useSession(id)`. For React 18 and 19; safe under StrictMode. */

import { createContext, useContext, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { createClient, type Answer, type Client, type Connection, type Inbox, type InboxStore, type JournalEntry, type OpenRequest, type SessionState, type SessionStore, type Status } from "../src/index.js";

/** The client that hooks use; give another with its `Provider`, for another server or in tests. */
export const CallboardContext = createContext<Client | null>(null);

let ownOrigin: Client | null = null;

/** The client from the context, else one for the page's own origin. */
export function useCallboard(): Client {
  const given = useContext(CallboardContext);
  ownOrigin ??= createClient();
  return given ?? ownOrigin;
}

/** The store of a session, connected while the component is mounted. */
export function useSessionStore(id: string): SessionStore {
  const client = useCallboard();
  const store = useMemo(() => client.store(id), [client, id]);
  useEffect(() => store.open(), [store]);
  return store;
}

/** A part of a session's state. Renders again only when the part is another by `Object.is`, or by `same`. */
export function useSelected<T>(store: SessionStore, select: (state: SessionState) => T, same: (one: T, other: T) => boolean = Object.is): T {
  const kept = useRef<{ value: T } | null>(null);
  const read = (): T => {
    const value = select(store.getState());
    if (kept.current && same(kept.current.value, value)) return kept.current.value;
    kept.current = { value };
    return value;
  };
  return useSyncExternalStore(store.subscribe, read, read);
}

/** What a component needs to show a session and to take part in it. */
export interface UseSession {
  /** Where it stands; null before the server has said so. */
  status: Status | null;
  /** Its journal, in order. A new list whenever it has grown. */
  events: readonly JournalEntry[];
  /** The questions that are open. */
  requests: readonly OpenRequest[];
  /** Answers a question: true or false, or the values of a form. Gives whether it went out. */
  answer: (requestId: string, answer: Answer) => boolean;
  /** Cancels the session. */
  cancel: (reason?: string) => Promise<void>;
  /** Takes the offer of another attempt, or, with false, gives up. */
  retry: (again?: boolean) => boolean;
  /** How the connection stands. */
  connection: Connection;
  /** Connects at once, where it waits or has stopped. */
  reconnect: () => void;
  /** What went wrong last, for people. */
  error: string | null;
  /** All else that is known. */
  state: SessionState;
}

/** Watches a session while the component is mounted. */
export function useSession(id: string): UseSession {
  const store = useSessionStore(id);
  const state = useSyncExternalStore(store.subscribe, store.getState, store.getState);
  const { entries, count } = state;
  const events = useMemo(() => entries.slice(0, count), [entries, count]);
  return {
    status: state.status, events, requests: state.requests, answer: store.answer, cancel: store.cancel, retry: store.retry,
    connection: state.connection, reconnect: store.reconnect, error: state.error, state,
  };
}

/** What a component needs to show the open questions of all sessions and to answer them. */
export interface UseInbox extends Inbox {
  /** Answers a question: true or false, or the values of a form. Gives whether the answer won. */
  answer: (requestId: string, answer: Answer) => Promise<boolean>;
  /** Connects at once, where it waits or has stopped. */
  reconnect: () => void;
}

/** The store of the open questions, connected while the component is mounted. */
export function useInboxStore(): InboxStore {
  const { inbox } = useCallboard();
  useEffect(() => inbox.open(), [inbox]);
  return inbox;
}

/** Follows the open questions of all sessions while the component is mounted. */
export function useInbox(): UseInbox {
  const store = useInboxStore();
  const state = useSyncExternalStore(store.subscribe, store.getState, store.getState);
  return { ...state, answer: store.answer, reconnect: store.reconnect };
}
