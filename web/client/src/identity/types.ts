/** Who a client is to its server. */

import type { ShownPrincipal } from "../wire/wire.js";

/** Where a token is kept that has to outlive the page, such as the browser's `sessionStorage`. */
export interface TokenStorage {
  read(): string | null;
  write(token: string | null): void;
}

/** Who this client is to the server, as far as it is known. */
export interface Identified {
  /**
   * `unknown`: not asked yet; `nobody`: the server wants a credential and has none; `known`: see `principal`; `ended`: it
   * was known, and its credential is not good any more.
   */
  readonly phase: "unknown" | "nobody" | "known" | "ended";
  /** Who it is, with `known`; who it was, with `ended`. */
  readonly principal: ShownPrincipal | null;
  /** Whether a credential says so, and not only the place that the client connects from. */
  readonly hasCredential: boolean;
  /** How many calls that change something wait for the next login, with `waitsForLogin`. */
  readonly held: number;
}
