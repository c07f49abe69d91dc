/**
 * Who this client is to the server: the credential that it shows with every call and for every socket, how it gets one, and
 * what happens once that has ended.
 *
 * A token is shown as `Authorization: Bearer`. A login over TLS is a cookie that scripts cannot read: then what is shown
 * beside it on changes, the CSRF token, comes from here.
 */

import { CallboardError, json, request, type Transport } from "../http.js";
import type { IssuedTicket, OwnIdentity, ShownPrincipal } from "../wire/wire.js";
import type { Identified, TokenStorage } from "./types.js";

/** A token, or what gives the newest one. */
export type Token = string | (() => string | null | Promise<string | null>);

export interface IdentityOptions {
  token?: Token | undefined;
  tokenStorage?: TokenStorage | undefined;
  /** Whether calls that are refused for want of a credential wait for a login, where somebody was logged in before. */
  waitsForLogin?: boolean | undefined;
}

const UNKNOWN: Identified = { phase: "unknown", principal: null, hasCredential: false, held: 0 };
const CHANGES_NOTHING = new Set(["GET", "HEAD", "OPTIONS"]);

export class Identity {
  #transport: () => Transport;
  #options: IdentityOptions;
  /** A token that was got by a login or given later; it takes the place of the one in the options. */
  #token: string | null;
  #csrfToken: string | null = null;
  #state = UNKNOWN;
  /** Counts logins, so that a call knows whether there was one since it was sent. */
  #logins = 0;
  #looking: Promise<void> | null = null;
  #listeners = new Set<() => void>();

  constructor(transport: () => Transport, options: IdentityOptions = {}) {
    this.#transport = transport;
    this.#options = options;
    this.#token = options.tokenStorage?.read() ?? null;
  }

  /** The state; the same object until it changes. */
  getState = (): Identified => this.#state;

  /** Calls back after every change, and after every login; gives what ends that. */
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** How many logins there have been: another number means another credential. */
  get logins(): number {
    return this.#logins;
  }

  /** Asks the server who this client is. Throws where it cannot say. */
  async read(signal?: AbortSignal): Promise<Identified> {
    try {
      this.#found(await json<OwnIdentity>(this.#transport(), "/me", { signal, isFinal: true }));
    } catch (error) {
      if (!(error instanceof CallboardError) || error.status !== 401) throw error;
      const { phase, principal } = this.#state;
      this.#csrfToken = null;
      const hadBegun = phase === "known" || phase === "ended";
      this.#set(hadBegun ? { phase: "ended", principal, hasCredential: false } : { phase: "nobody", principal: null, hasCredential: false });
    }
    return this.#state;
  }

  /** Logs in with a name and a password. Throws `CallboardError`: 401 where they are wrong, 429 with `retryAfter` after too many tries. */
  async logIn(name: string, password: string): Promise<ShownPrincipal> {
    return this.#enter({ name, password });
  }

  /** Logs in with the ticket that the start of a server without identity shows to its operator. It is good once. */
  async redeem(ticket: string): Promise<ShownPrincipal> {
    return this.#enter({ ticket });
  }

  /** Shows this API key or token from now on. Throws `CallboardError`, and goes on as before, where the server does not take it. */
  async use(token: string): Promise<ShownPrincipal> {
    const headers = { Authorization: `Bearer ${token}` };
    const me = await json<OwnIdentity>(this.#transport(), "/me", { headers, isFinal: true });
    // A server without identity takes a wrong token for none.
    if (me.principal.kind === "visitor" || me.principal.kind === "local") throw new CallboardError("The server does not accept this token.", { status: 401, code: "unauthenticated" });
    this.#keep(token);
    this.#entered({ principal: me.principal });
    return me.principal;
  }

  /** Logs out: what showed who this is shows it no longer. */
  async logOut(): Promise<void> {
    try {
      await request(this.#transport(), "/logout", { method: "POST", isFinal: true });
    } catch (error) {
      // Then the login is over already.
      if (!(error instanceof CallboardError) || error.status !== 401) throw error;
    }
    this.#keep(null);
    this.#csrfToken = null;
    this.#set({ phase: "nobody", principal: null, hasCredential: false });
  }

  /** Whether there may be something to show. */
  get mayShow(): boolean {
    return this.#csrfToken !== null || this.#token !== null || this.#options.token !== undefined || this.#hasOwnHeaders();
  }

  /** What a call shows. */
  async headers(method: string): Promise<Record<string, string>> {
    const token = await this.#shown();
    if (token) return { Authorization: `Bearer ${token}` };
    return this.#csrfToken && !CHANGES_NOTHING.has(method) ? { "X-CSRF-Token": this.#csrfToken } : {};
  }

  /** A ticket for one socket at this path; null where nothing is to be shown. Throws `CallboardError`. */
  async ticket(path: string, signal?: AbortSignal): Promise<string | null> {
    if (!(await this.#shows())) return null;
    return (await json<IssuedTicket>(this.#transport(), "/tickets", { method: "POST", body: { path }, signal, isFinal: true })).ticket;
  }

  /** Whether a credential would last longer than one that ends then, in seconds since the epoch. */
  outlasts(end: number | null): boolean {
    if (this.#token === null && this.#options.token !== undefined) return typeof this.#options.token === "function";
    const { principal } = this.#state;
    return end !== null && principal !== null && (principal.expires_at ?? Number.POSITIVE_INFINITY) > end;
  }

  /**
   * What to do after a refusal: whether the call is worth another try, as there is another credential now. Where somebody
   * was logged in and is not any more, this waits for the next login.
   */
  async recover(status: number, loginsBefore: number, { method = "GET", signal }: { method?: string; signal?: AbortSignal | undefined } = {}): Promise<boolean> {
    if (loginsBefore !== this.#logins) return true;
    const { phase, principal, hasCredential } = this.#state;
    if (phase === "unknown" || phase === "nobody") return status === 401 && typeof this.#options.token === "function";
    const csrfToken = this.#csrfToken;
    // Another tab may have logged in anew meanwhile, which changes what is shown beside the cookie.
    if (status === 403 && csrfToken === null) return false;
    if (phase === "known") await this.#look();
    const now = this.#state;
    if (now.phase === "known") return loginsBefore !== this.#logins || this.#csrfToken !== csrfToken || (hasCredential && principal?.expires_at !== now.principal?.expires_at);
    if (this.#options.waitsForLogin !== true) return false;
    const isHeld = !CHANGES_NOTHING.has(method);
    if (isHeld) this.#set({ held: this.#state.held + 1 });
    return this.#nextLogin(signal).finally(() => isHeld && this.#set({ held: this.#state.held - 1 }));
  }

  /** Asks who this is, once for all who want to know it at the same time. */
  #look(): Promise<void> {
    this.#looking ??= this.read()
      .then(() => undefined, () => undefined)
      .finally(() => (this.#looking = null));
    return this.#looking;
  }

  /** Whether the next one who logs in is who was logged in before: what they did is not done by anybody else. */
  #nextLogin(signal?: AbortSignal): Promise<boolean> {
    const before = this.#logins;
    const { principal } = this.#state;
    return new Promise((done, aborted) => {
      const settle = (): void => {
        if (this.#logins === before) return;
        leave();
        done(isSame(principal, this.#state.principal));
      };
      const abort = (): void => {
        leave();
        aborted(signal?.reason);
      };
      const unsubscribe = this.subscribe(settle);
      const leave = (): void => {
        unsubscribe();
        signal?.removeEventListener("abort", abort);
      };
      if (signal?.aborted) abort();
      else signal?.addEventListener("abort", abort);
    });
  }

  async #shown(): Promise<string | null> {
    if (this.#token !== null) return this.#token;
    const { token } = this.#options;
    return typeof token === "function" ? token() : (token ?? null);
  }

  async #shows(): Promise<boolean> {
    return this.#csrfToken !== null || (await this.#shown()) !== null || this.#hasOwnHeaders();
  }

  #hasOwnHeaders(): boolean {
    return Object.keys(this.#transport().headers).some((name) => /^(authorization|x-api-key)$/i.test(name));
  }

  async #enter(body: object): Promise<ShownPrincipal> {
    const me = await json<OwnIdentity>(this.#transport(), "/login", { method: "POST", body, isFinal: true, showsNothing: true });
    this.#keep(me.token ?? null);
    this.#entered(me);
    return me.principal;
  }

  #keep(token: string | null): void {
    this.#token = token;
    this.#options.tokenStorage?.write(token);
  }

  #entered(me: OwnIdentity): void {
    this.#logins += 1;
    this.#found(me);
  }

  #found({ principal, csrf_token }: OwnIdentity): void {
    const csrfToken = csrf_token ?? null;
    const { phase, principal: before, hasCredential: had } = this.#state;
    this.#csrfToken = this.#token === null ? csrfToken : null;
    const hasCredential = this.#token !== null || csrfToken !== null || principal.kind === "known";
    // Without identity, whoever shows a login that has ended is taken for a visitor: the login has ended all the same.
    const isLess = had && (principal.kind === "visitor" || principal.kind === "local");
    if (phase !== "unknown" && phase !== "nobody" && isLess) return this.#set({ phase: "ended", principal: before, hasCredential: false });
    this.#set({ phase: "known", principal, hasCredential: hasCredential && principal.kind !== "visitor" && principal.kind !== "local" });
  }

  #set(changes: Partial<Identified>): void {
    this.#state = { ...this.#state, ...changes };
    for (const listener of [...this.#listeners]) listener();
  }
}

function isSame(one: ShownPrincipal | null, other: ShownPrincipal | null): boolean {
  return one?.kind === other?.kind && one?.owner === other?.owner;
}
