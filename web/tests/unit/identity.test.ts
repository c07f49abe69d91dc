import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createClient, type Client, type ClientOptions, type MetricsConnection } from "@callboard/client";
import { allows, inWords, nameOf, SCOPES, seesLists, USUAL } from "../../src/identity/scopes";
import { homeFor, isList, VIEWS, viewsFor } from "../../src/shell/registry";
import { overBy } from "../../src/answer/useShared";
import { CallboardError } from "@callboard/client";
import { fakeFetch, FakeSocket } from "./fake";

const principal = (changes: object = {}) => ({ kind: "known", owner: "ada", scopes: ["sessions:read"], groups: [], expires_at: 2000, ...changes });
const refused = { status: 401, body: { code: "unauthenticated", detail: "This needs a credential." } };

let answers: Parameters<typeof fakeFetch>[0];
let asked: ReturnType<typeof fakeFetch>["asked"];
let kept: string | null;
let client: Client;
let watched: MetricsConnection | null;

function begin(options: ClientOptions = {}): void {
  const fake = fakeFetch(answers);
  asked = fake.asked;
  kept = null;
  watched = null;
  const tokenStorage = { read: () => kept, write: (token: string | null) => void (kept = token) };
  client = createClient({ baseUrl: "http://x", WebSocket: FakeSocket, fetch: fake.fetch, random: () => 0.5, tokenStorage, waitsForLogin: true, ...options });
}

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(1);
const last = () => asked.at(-1);

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made = [];
  answers = {
    "GET /me": { body: { principal: principal() } },
    "POST /login": { body: { principal: principal(), csrf_token: "c", token: "cbl_1" } },
    "POST /tickets": { body: { ticket: "cbt_1", expires_in: 30 } },
    "GET /tasks": { body: { tasks: [] } },
    "POST /sessions/s/cancel": { body: { session_id: "s", status: "cancelled" } },
  };
});

afterEach(() => {
  watched?.close();
  vi.useRealTimers();
});

describe("a credential", () => {
  test("is shown with every call, and on a socket as a ticket for its path", async () => {
    begin({ token: "cbk_1" });
    await client.tasks();
    expect(last()?.headers.Authorization).toBe("Bearer cbk_1");
    watched = client.watchMetrics({ clientId: "a" });
    await settle();
    expect(last()).toMatchObject({ path: "POST /tickets", body: { path: "/api/v1/websocket/ws/metrics" } });
    expect(FakeSocket.last.protocols).toEqual(["callboard", "callboard.ticket.cbt_1"]);
    expect(FakeSocket.last.url).not.toContain("cbt_1");
  });

  test("is none where the server asks for none", async () => {
    answers["GET /me"] = { body: { principal: principal({ kind: "operator", scopes: null, expires_at: null }) } };
    begin();
    expect((await client.identity.read()).hasCredential).toBe(false);
    watched = client.watchMetrics();
    expect(FakeSocket.last.protocols).toEqual([]);
    await client.cancel("s");
    expect(last()?.headers).not.toHaveProperty("Authorization");
    expect(last()?.headers).not.toHaveProperty("X-CSRF-Token");
  });

  test("may be the newest that somebody gives", async () => {
    let number = 0;
    begin({ token: async () => `jwt${(number += 1)}` });
    await client.tasks();
    await client.tasks();
    expect(asked.map(({ headers }) => headers.Authorization)).toEqual(["Bearer jwt1", "Bearer jwt2"]);
  });

  test("that is a cookie goes with a CSRF token on changes only", async () => {
    answers["POST /login"] = { body: { principal: principal(), csrf_token: "c1" } };
    begin();
    await client.identity.logIn("ada", "secret");
    await client.tasks();
    expect(last()?.headers).not.toHaveProperty("X-CSRF-Token");
    await client.cancel("s");
    expect(last()?.headers["X-CSRF-Token"]).toBe("c1");
    expect(kept).toBeNull();
  });

  test("of a login over plain HTTP is kept, and forgotten on the way out", async () => {
    answers["POST /logout"] = { status: 204 };
    begin();
    await client.identity.logIn("ada", "secret");
    expect(kept).toBe("cbl_1");
    await client.tasks();
    expect(last()?.headers.Authorization).toBe("Bearer cbl_1");
    await client.identity.logOut();
    expect([kept, client.identity.getState().phase]).toEqual([null, "nobody"]);
  });

  test("that is not taken leaves everything as it was, also where the server takes it for none", async () => {
    begin();
    answers["GET /me"] = refused;
    await expect(client.identity.use("wrong")).rejects.toMatchObject({ status: 401 });
    answers["GET /me"] = { body: { principal: principal({ kind: "visitor" }) } };
    await expect(client.identity.use("wrong")).rejects.toMatchObject({ status: 401 });
    expect(kept).toBeNull();
    answers["GET /me"] = { body: { principal: principal({ kind: "operator" }) } };
    expect((await client.identity.use("right")).kind).toBe("operator");
    expect(kept).toBe("right");
  });
});

describe("a login that has ended", () => {
  const end = (): void => {
    answers["GET /me"] = answers["GET /tasks"] = answers["POST /sessions/s/cancel"] = refused;
  };
  const again = (): void => {
    answers["GET /tasks"] = { body: { tasks: [] } };
    answers["POST /sessions/s/cancel"] = { body: { session_id: "s", status: "cancelled" } };
  };

  test("is asked for once, while calls wait, which are then made again", async () => {
    begin();
    await client.identity.logIn("ada", "secret");
    end();
    const done = vi.fn();
    void client.tasks().then(done);
    void client.cancel("s").then(done);
    await settle();
    expect(client.identity.getState()).toMatchObject({ phase: "ended", held: 1, principal: { owner: "ada" } });
    expect(asked.filter(({ path }) => path === "GET /me")).toHaveLength(1);
    again();
    answers["POST /login"] = { body: { principal: principal(), token: "cbl_2" } };
    await client.identity.logIn("ada", "secret");
    await settle();
    expect(done).toHaveBeenCalledTimes(2);
    expect(last()?.headers.Authorization).toBe("Bearer cbl_2");
    expect(client.identity.getState()).toMatchObject({ phase: "known", held: 0 });
  });

  test("is over for what was sent by somebody else than who logs in then", async () => {
    begin();
    await client.identity.logIn("ada", "secret");
    end();
    const failed = expect(client.cancel("s")).rejects.toMatchObject({ status: 401 });
    await settle();
    again();
    const before = asked.length;
    answers["POST /login"] = { body: { principal: principal({ owner: "bob" }), token: "cbl_2" } };
    await client.identity.logIn("bob", "secret");
    await failed;
    expect(asked.slice(before).map(({ path }) => path)).toEqual(["POST /login"]);
  });

  test("lets go of a call that nobody waits for any more", async () => {
    begin();
    await client.identity.logIn("ada", "secret");
    end();
    const gone = new AbortController();
    const failed = expect(client.tasks(gone.signal)).rejects.toThrow();
    await settle();
    gone.abort();
    await failed;
  });

  test("is one also where the server then takes its owner for a visitor", async () => {
    answers["POST /login"] = { body: { principal: principal({ kind: "operator", scopes: null, expires_at: null }), token: "cbl_1" } };
    begin();
    await client.identity.redeem("cbt_start");
    expect(last()?.body).toEqual({ ticket: "cbt_start" });
    answers["GET /tasks"] = refused;
    answers["GET /me"] = { body: { principal: principal({ kind: "visitor", scopes: null, expires_at: null }) } };
    void client.tasks();
    await settle();
    expect(client.identity.getState()).toMatchObject({ phase: "ended", principal: { kind: "operator" } });
  });

  test("throws where nobody can log in", async () => {
    begin({ waitsForLogin: false });
    await client.identity.logIn("ada", "secret");
    end();
    await expect(client.tasks()).rejects.toMatchObject({ status: 401 });
  });

  test("is waited for by no socket that was left", async () => {
    begin();
    await client.identity.logIn("ada", "secret");
    const left = client.watchMetrics();
    await settle();
    FakeSocket.last.open();
    end();
    FakeSocket.last.end(4501);
    await settle();
    left.close();
    again();
    await client.identity.logIn("ada", "secret");
    await settle();
    expect(FakeSocket.made).toHaveLength(1);
  });

  test("stops a socket, which comes back after the next one", async () => {
    begin();
    await client.identity.logIn("ada", "secret");
    watched = client.watchMetrics();
    await settle();
    FakeSocket.last.open();
    end();
    FakeSocket.last.end(4501);
    await settle();
    expect(watched.connection).toMatchObject({ phase: "stopped", code: 4501 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSocket.made).toHaveLength(1);
    await client.identity.logIn("ada", "secret");
    await settle();
    expect(FakeSocket.made).toHaveLength(2);
    expect(watched.connection.phase).toBe("connecting");
  });
});

describe("another credential", () => {
  test("that another tab has got is shown from then on", async () => {
    answers["POST /login"] = { body: { principal: principal(), csrf_token: "c1" } };
    begin();
    await client.identity.logIn("ada", "secret");
    answers["GET /me"] = { body: { principal: principal(), csrf_token: "c2" } };
    let refusals = 0;
    answers["POST /sessions/s/cancel"] = () => (last()?.headers["X-CSRF-Token"] === "c2" ? { body: {} } : ((refusals += 1), { status: 403, body: { code: "forbidden" } }));
    await client.cancel("s");
    expect(refusals).toBe(1);
  });

  test("is said on a socket before the first ends, and only then", async () => {
    begin();
    await client.identity.logIn("ada", "secret");
    watched = client.watchMetrics();
    await settle();
    const socket = FakeSocket.last.open();
    socket.tell({ type: "reauthenticate", expires_at: 2000 });
    await settle();
    const said = () => socket.sent.filter(({ type }) => type === "authenticate");
    expect(said()).toEqual([]);
    answers["POST /tickets"] = { body: { ticket: "cbt_2", expires_in: 30 } };
    answers["POST /login"] = { body: { principal: principal({ expires_at: 9000 }), token: "cbl_2" } };
    await client.identity.logIn("ada", "secret");
    await settle();
    expect(said()).toEqual([{ type: "authenticate", ticket: "cbt_2" }]);
    socket.tell({ type: "reauthenticate", expires_at: 2000 });
    await settle();
    expect(said()).toHaveLength(2);
  });
});

describe("what somebody may do", () => {
  const is = (kind: string, scopes: string[] | null = null) => ({ kind, owner: "ada", scopes, groups: [], expires_at: null });

  test("follows from their scopes, and admin includes all", () => {
    const ada = is("known", ["sessions:read"]);
    expect([allows(ada, "sessions:read"), allows(ada, "sessions:start"), allows(ada, "admin")]).toEqual([true, false, false]);
    for (const [scope] of SCOPES) {
      expect(allows(is("known", ["admin"]), scope)).toBe(true);
      expect(allows(is("operator"), scope)).toBe(true);
      expect(allows(null, scope)).toBe(false);
      expect(allows(is("local"), scope)).toBe(scope !== "admin");
    }
    expect(USUAL).not.toContain("admin");
  });

  test("decides which views there are", () => {
    const ids = (who: Parameters<typeof viewsFor>[0]): string[] => viewsFor(who).map(({ id }) => id);
    expect(ids(is("operator"))).toEqual(VIEWS.map(({ id }) => id));
    expect(ids(is("known", ["sessions:read", "metrics:read"]))).toEqual(["inbox", "tasks", "metrics"]);
    expect(ids(is("visitor"))).toEqual(["tasks", "metrics"]);
    expect(ids(is("local"))).not.toContain("connections");
    expect([homeFor(is("operator")), homeFor(is("known", ["workflows:read"])), homeFor(is("known", [])), homeFor(is("visitor"))]).toEqual(["tasks", "workflows", "tasks", "tasks"]);
  });

  test("a visitor is shown no list, but what an address names", () => {
    const tasks = VIEWS.find(({ id }) => id === "tasks");
    expect(tasks && [isList(tasks, []), isList(tasks, ["a-session"])]).toEqual([true, false]);
    expect([seesLists(is("visitor")), seesLists(is("local")), seesLists(null)]).toEqual([false, true, false]);
  });

  test("is said in words", () => {
    expect([inWords("sessions:answer"), inWords("made:up")]).toEqual(["Answer questions", "made:up"]);
    expect([nameOf(is("known")), nameOf(is("operator")), nameOf(is("visitor"))]).toEqual(["ada", "Operator", "Visitor"]);
  });
});

test.each([
  [401, "unauthenticated", "wrong"], [410, "link_used", "used"], [410, "link_expired", "expired"], [410, "already_answered", "elsewhere"],
  [409, "already_answered", "elsewhere"], [410, "request_closed", "withdrawn"], [422, "invalid_body", null], [503, "shutting_down", null], [0, "unreachable", null],
])("a link that is refused with %i %s is %s", (status, code, reason) => {
  expect(overBy(new CallboardError("no", { status, code }))).toBe(reason);
});
