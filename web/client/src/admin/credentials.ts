/** The calls about who may use the server: API keys, and the users of its page. */

import { json, request, type Transport } from "../http.js";
import type { CreatedKey, KeyList, ShownKey, ShownUser, UserList } from "../wire/wire.js";

/** An API key that is to be made. */
export interface NewKey {
  /** What it is for. */
  name: string;
  /** Whose it is. */
  owner: string;
  scopes: readonly string[];
  /** Seconds until it ends; it does not where this is left out. */
  expires_in?: number;
}

/** A user that is to be added. */
export interface NewUser {
  name: string;
  password: string;
  /** What the user may do; everything but what is others' or needs `admin`, where this is left out. */
  scopes?: readonly string[];
  groups?: readonly string[];
}

/** What an operator can do about who may use the server. Every call throws `CallboardError`. */
export interface CredentialCalls {
  /** The API keys, without the keys themselves. */
  keys(signal?: AbortSignal): Promise<ShownKey[]>;
  /** Makes an API key. The key itself is in this answer, and in no other. */
  createKey(key: NewKey): Promise<CreatedKey>;
  /** Revokes an API key: within a second it is refused, and its sockets are closed. */
  revokeKey(id: string): Promise<void>;
  /** Who may log in on the page. */
  users(signal?: AbortSignal): Promise<ShownUser[]>;
  addUser(user: NewUser): Promise<ShownUser>;
  /** Changes what is named of a user, whose logins end. */
  changeUser(name: string, changes: Partial<Omit<NewUser, "name">>): Promise<ShownUser>;
  /** Removes a user, whose logins end; what belongs to the user stays. */
  removeUser(name: string): Promise<void>;
}

const KEYS = "/api/v1/keys";
const USERS = "/api/v1/users";

/** The calls over a way to the server. */
export function credentialCalls(transport: Transport): CredentialCalls {
  const user = (name: string): string => `${USERS}/${encodeURIComponent(name)}`;
  return {
    keys: async (signal) => (await json<KeyList>(transport, KEYS, { signal })).keys,
    createKey: (body) => json(transport, KEYS, { method: "POST", body }),
    revokeKey: async (id) => void (await request(transport, `${KEYS}/${encodeURIComponent(id)}`, { method: "DELETE" })),
    users: async (signal) => (await json<UserList>(transport, USERS, { signal })).users,
    addUser: (body) => json(transport, USERS, { method: "POST", body }),
    changeUser: (name, body) => json(transport, user(name), { method: "PUT", body }),
    removeUser: async (name) => void (await request(transport, user(name), { method: "DELETE" })),
  };
}
