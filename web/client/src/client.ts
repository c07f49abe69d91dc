/** The way in: what a server offers, over HTTP, and the sessions that are watched. */

import { adminCalls, type AdminCalls } from "./admin/calls.js";
import { credentialCalls, type CredentialCalls } from "./admin/credentials.js";
import { agentCalls, type AgentCalls } from "./agents/calls.js";
import { Clock } from "./clock.js";
import { SessionConnection, type SessionOptions } from "./connection.js";
import { EventFeed, type FeedOptions } from "./events/feed.js";
import { EventLog } from "./events/log.js";
import { EventStore } from "./events/store.js";
import { json, request, type Transport } from "./http.js";
import { Identity, type Token } from "./identity/identity.js";
import type { TokenStorage } from "./identity/types.js";
import { InboxStore } from "./inbox/store.js";
import type { Environment } from "./line.js";
import type { SocketConstructor } from "./link.js";
import { metricsCalls, type MetricsCalls } from "./metrics/calls.js";
import { MetricsConnection, type MetricsOptions } from "./metrics/connection.js";
import { sharedCalls, type SharedCalls } from "./shared.js";
import { SessionStore } from "./store.js";
import type { JournalEntry, ListOptions, StartOptions } from "./types.js";
import { workflowCalls, type WorkflowCalls } from "./workflows/calls.js";
import { WorkflowConnection, type WorkflowOptions } from "./workflows/connection.js";
import { WorkflowStore } from "./workflows/store.js";
import type { CreatedLink, Greeting, SessionDetail, SessionPage, StartedSession, Stopped, TaskInfo, TaskList } from "./wire/wire.js";

/** Where the server is, and what to reach it with. */
export interface ClientOptions {
  /** Such as `http://127.0.0.1:8000`; the page's own origin where it is left out. */
  baseUrl?: string;
  /** Sent with every call over HTTP. */
  headers?: Record<string, string>;
  /**
   * An API key or token, or what gives the newest one: shown over HTTP, and for each socket changed into a ticket. A page of
   * the server itself needs none: see `client.identity`.
   */
  token?: Token;
  /** Where a token is kept that a login over plain HTTP gives, and one that `client.identity.use` is given. */
  tokenStorage?: TokenStorage;
  /**
   * Whether calls that are refused because a login has ended wait for the next one, and are then made again: for pages that
   * ask people to log in when `client.identity` says `ended`. Else they throw.
   */
  waitsForLogin?: boolean;
  /** In the place of the platform's own. */
  fetch?: typeof fetch;
  /** In the place of the platform's own; `null` for server-sent events at once. */
  WebSocket?: SocketConstructor | null;
  /** From 0 to 1; spreads reconnects. */
  random?: () => number;
}

/** A Callboard server, from a client's side. Every call throws `CallboardError`. */
export interface Client {
  /** Starts a session; without a task, one of the demonstrations. */
  start(task?: string | null, options?: StartOptions): Promise<StartedSession>;
  /** Cancels a session, at whatever point it is, also twice. */
  cancel(id: string, reason?: string): Promise<Stopped>;
  /** Lists sessions, newest first. */
  list(options?: ListOptions, signal?: AbortSignal): Promise<SessionPage>;
  /** All about one session. */
  describe(id: string, signal?: AbortSignal): Promise<SessionDetail>;
  /** A piece of a session's journal. */
  events(id: string, range?: { since?: number; limit?: number }, signal?: AbortSignal): Promise<{ events: JournalEntry[]; last_seq: number }>;
  /** Removes an ended session and its journal. */
  remove(id: string): Promise<void>;
  /** Makes a link by which somebody without a login answers one question, once; good for so many seconds. */
  share(id: string, requestId: string, link: { expiresIn: number; by?: string }): Promise<CreatedLink>;
  /** The task kinds. */
  tasks(signal?: AbortSignal): Promise<TaskInfo[]>;
  /** The server's name and version. */
  about(signal?: AbortSignal): Promise<Greeting>;
  /** Watches a session. */
  session(id: string, options?: SessionOptions): SessionConnection;
  /** A session's state, kept up to date once it is opened; what `useSession` stands on. */
  store(id: string, options?: Pick<SessionOptions, "since" | "clientId">): SessionStore;
  /** The open questions of all sessions, kept up to date once it is opened; what `useInbox` stands on. One for all who ask. */
  readonly inbox: InboxStore;
  /** The kept events of the whole server. */
  readonly log: EventLog;
  /** Hears events of the whole server as they happen. */
  feed(options: FeedOptions): EventFeed;
  /** A live table of events with at most so many rows. */
  eventTable(rows: number): EventStore;
  /** What can be asked about workflows. */
  readonly workflows: WorkflowCalls;
  /** Watches a workflow. */
  workflow(id: string, options?: WorkflowOptions): WorkflowConnection;
  /** How a workflow and its nodes stand, kept up to date once it is opened. */
  workflowStore(id: string, options?: Pick<WorkflowOptions, "clientId">): WorkflowStore;
  /** What can be asked about agents, crews and audits. */
  readonly agents: AgentCalls;
  /** What can be asked about the server's own numbers. */
  readonly metrics: MetricsCalls;
  /** Watches the server's own numbers. */
  watchMetrics(options?: MetricsOptions): MetricsConnection;
  /** What an operator can do. */
  readonly admin: AdminCalls;
  /** What an operator can do about who may use the server. */
  readonly credentials: CredentialCalls;
  /** The one question that a link is for, where `token` is that of the link. */
  readonly shared: SharedCalls;
  /** Who this client is to the server; logs in and out. */
  readonly identity: Identity;
  /** How much later the server's clock is than this one's, in seconds, as far as it is known. */
  readonly clockSkew: number;
}

/** Makes a client. */
export function createClient(options: ClientOptions = {}): Client {
  const identity: Identity = new Identity(() => transport, { token: options.token, tokenStorage: options.tokenStorage, waitsForLogin: options.waitsForLogin });
  const transport: Transport = {
    identity,
    base: (options.baseUrl ?? "").replace(/\/+$/, ""),
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    headers: options.headers ?? {},
    clock: new Clock(),
  };
  const environment = (): Environment => ({
    transport,
    WebSocket: options.WebSocket === null ? undefined : (options.WebSocket ?? (globalThis.WebSocket as SocketConstructor | undefined)),
    random: options.random ?? Math.random,
  });
  const path = (id: string): string => `/sessions/${encodeURIComponent(id)}`;
  const client: Client = {
    start(task, { idempotencyKey, ...what } = {}) {
      const headers: Record<string, string> = idempotencyKey ? { "Idempotency-Key": idempotencyKey } : {};
      const body = task ? { task, ...what } : what;
      return json(transport, "/start-task", { method: "POST", body, headers });
    },
    cancel: (id, reason) => json(transport, `${path(id)}/cancel`, { method: "POST", body: reason === undefined ? {} : { reason } }),
    list: (wanted = {}, signal) => json(transport, `/sessions${listQuery(wanted)}`, { signal }),
    describe: (id, signal) => json(transport, path(id), { signal }),
    events: (id, { since = 0, limit } = {}, signal) =>
      json(transport, `${path(id)}/events?since=${since}${limit === undefined ? "" : `&limit=${limit}`}`, { signal }),
    remove: async (id) => void (await request(transport, path(id), { method: "DELETE" })),
    share: (id, request_id, { expiresIn: expires_in, by }) => json(transport, `${path(id)}/share`, { method: "POST", body: { request_id, expires_in, ...(by && { by }) } }),
    tasks: async (signal) => (await json<TaskList>(transport, "/tasks", { signal })).tasks,
    about: (signal) => json(transport, "/", { signal }),
    session: (id, wanted) => new SessionConnection(environment(), id, wanted),
    store: (id, wanted) => new SessionStore(client, id, wanted),
    inbox: new InboxStore(environment()),
    log: new EventLog(transport),
    feed: (wanted) => new EventFeed(environment(), wanted),
    eventTable: (rows) => new EventStore(environment(), rows),
    workflows: workflowCalls(transport),
    workflow: (id, wanted) => new WorkflowConnection(environment(), id, wanted),
    workflowStore: (id, wanted) => new WorkflowStore(client, id, wanted),
    agents: agentCalls(transport),
    metrics: metricsCalls(transport),
    watchMetrics: (wanted) => new MetricsConnection(environment(), wanted),
    admin: adminCalls(transport),
    credentials: credentialCalls(transport),
    shared: sharedCalls(transport),
    identity,
    get clockSkew() {
      return transport.clock.skew;
    },
  };
  return client;
}

function listQuery({ status, task, labels, q, from, to, counts, limit, cursor }: ListOptions): string {
  const query = new URLSearchParams();
  if (status?.length) query.set("status", status.join(","));
  if (task) query.set("task", task);
  for (const [key, value] of Object.entries(labels ?? {})) query.append("label", `${key}=${value}`);
  if (q) query.set("q", q);
  if (from !== undefined) query.set("from", String(from));
  if (to !== undefined) query.set("to", String(to));
  if (counts) query.set("counts", "status");
  if (limit !== undefined) query.set("limit", String(limit));
  if (cursor) query.set("cursor", cursor);
  const text = query.toString();
  return text && `?${text}`;
}
