// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CallboardError, createClient, type ConnectionRow } from "@callboard/client";
import { readConnection, readPage } from "../../client/src/admin/read";
import { arranged, audience, direction, pathOf, readDraft, sortedBy, viewOf, type Draft } from "../../src/views/connections/rows";
import { repeat, said } from "../../src/views/connections/store";
import { fakeFetch } from "./fake";

const row = (client_id: string, more: Partial<ConnectionRow> = {}): ConnectionRow => ({ ...readConnection({ client_id }), ...more });
const view = (query = "") => viewOf(new URLSearchParams(query));
const ids = (rows: readonly ConnectionRow[]): string[] => rows.map(({ client_id }) => client_id);

describe("a connection", () => {
  test("is read as the server tells it", () => {
    const told = { client_id: "a", connection_id: "c0-1", kind: "events.global", connected_at: "2026-11-20T12:00:00Z", silent_seconds: 1.5, subscriptions: ["queue"], filter: { types: null, min_priority: "high" }, is_behind: true, messages_sent: 7, lag_seconds: 0.5 };
    expect(readConnection(told)).toMatchObject({ client_id: "a", connection_id: "c0-1", connected_at: Date.parse("2026-11-20T12:00:00Z") / 1000, filter: { min_priority: "high" }, is_behind: true, messages_sent: 7, messages_received: 0, address: null });
  });

  test("without a name is left out of a page", () => {
    const page = readPage({ active_connections: 9, connections: [{ client_id: "a" }, {}, null], subscription_counts: { queue: 3, x: "y" }, next_cursor: "1-c0-1", uptime_statistics: { uptime_seconds: 60 } });
    expect(ids(page.connections)).toEqual(["a"]);
    expect(page).toMatchObject({ active: 9, subscription_counts: { queue: 3 }, next_cursor: "1-c0-1", uptime_seconds: 60, all_sockets: {} });
    expect(readPage(null)).toMatchObject({ connections: [], active: 0, next_cursor: null });
  });
});

describe("the table", () => {
  const rows = [
    row("b-10", { kind: "global", connected_at: 30, dropped: 5, subscriptions: ["global"] }),
    row("b-9", { kind: "custom", connected_at: 10, address: "10.0.0.7", subscriptions: ["queue", "execution.*"] }),
    row("a", { kind: "custom", connected_at: null, dropped: 5 }),
  ];

  test.each([
    ["", ["b-9", "b-10", "a"]],
    ["sort=-age", ["a", "b-10", "b-9"]],
    ["sort=client_id", ["a", "b-9", "b-10"]],
    ["sort=-client_id", ["b-10", "b-9", "a"]],
    ["sort=dropped", ["a", "b-10", "b-9"]],
    ["sort=subscriptions", ["b-9", "b-10", "a"]],
    ["sort=nonsense", ["b-9", "b-10", "a"]],
    ["q=EXECUTION 10.0", ["b-9"]],
    ["kind=custom&sort=client_id", ["a", "b-9"]],
    ["q=nobody", []],
  ])("with ?%s is %j", (query, expected) => {
    expect(ids(arranged(rows, view(query)))).toEqual(expected);
  });

  test("has its view in the address", () => {
    expect(pathOf(view())).toBe("/app/connections");
    expect(pathOf(view("q=x y&kind=custom&sort=-lag_seconds&all=true"), "a/b")).toBe("/app/connections/a%2Fb?q=x+y&kind=custom&sort=-lag_seconds&all=true");
  });

  test("is turned round by a second click", () => {
    const once = sortedBy(view(), "dropped");
    expect([once.sort, once.isTurned, direction(once, "dropped"), direction(once, "age")]).toEqual(["dropped", false, "descending", "none"]);
    expect(direction(sortedBy(once, "dropped"), "dropped")).toBe("ascending");
    expect(sortedBy(sortedBy(once, "dropped"), "dropped")).toEqual(once);
    expect(direction(sortedBy(once, "client_id"), "client_id")).toBe("ascending");
  });
});

describe("a broadcast", () => {
  const draft = (more: Partial<Draft>): Draft => ({ type: "custom.notice", priority: "normal", data: "", subscription: "", ...more });
  const faults = (more: Partial<Draft>): string[] => {
    const read = readDraft(draft(more));
    return "faults" in read ? Object.keys(read.faults) : [];
  };

  test("is what was typed", () => {
    expect(readDraft(draft({ data: '{"a": [1]}', priority: "high" }))).toEqual({ event: { type: "custom.notice", priority: "high", data: { a: [1] } } });
    expect(readDraft(draft({ data: "  " }))).toMatchObject({ event: { data: {} } });
    expect(faults({ type: "custom.orders.paid-2" })).toEqual([]);
  });

  test.each<[Partial<Draft>, string[]]>([
    [{ type: "execution.started" }, ["type"]], [{ type: "custom" }, ["type"]], [{ type: "custom." }, ["type"]], [{ type: "custom.*" }, ["type"]],
    [{ data: "[1]" }, ["data"]], [{ data: "null" }, ["data"]], [{ data: "{" }, ["data"]], [{ type: "x", data: "1" }, ["type", "data"]],
  ])("%j is refused", (more, expected) => {
    expect(faults(more)).toEqual(expected);
  });

  test("says whom it is for", () => {
    const page = { active: 12, subscription_counts: { queue: 3 } };
    expect([audience(page, ""), audience(page, "queue"), audience(page, "memory")]).toEqual([12, 3, 0]);
  });
});

describe("an operator's calls", () => {
  const done = (data: object): object => ({ status: "success", data });

  test("show who asks, and say what the server did", async () => {
    const base = "/api/v1/websocket";
    const fake = fakeFetch({
      [`GET ${base}/connections?limit=2&cursor=c&all=true`]: { body: done({ connections: [{ client_id: "a" }] }) },
      [`GET ${base}/connections/a%2Fb`]: { body: done({ client_id: "a/b" }) },
      [`POST ${base}/broadcast`]: { body: done({ event: {}, delivered_to: 4 }) },
      [`POST ${base}/broadcast/execution.*`]: { body: done({ event: {}, delivered_to: 1 }) },
      [`POST ${base}/disconnect/a`]: { body: done({ client_id: "a" }) },
      [`DELETE ${base}/connections`]: { body: done({ removed: 2 }) },
      [`GET ${base}/health`]: { body: { status: "healthy" } },
    });
    const { admin } = createClient({ baseUrl: "http://x", fetch: fake.fetch, token: "secret" });
    expect(ids((await admin.connections({ limit: 2, cursor: "c", all: true })).connections)).toEqual(["a"]);
    expect((await admin.connection("a/b")).client_id).toBe("a/b");
    expect(await admin.broadcast({ type: "custom.a", data: {} })).toBe(4);
    expect(await admin.broadcast({ type: "custom.a", data: {} }, "execution.*")).toBe(1);
    await admin.disconnect("a");
    expect(await admin.removeStale()).toBe(2);
    expect(fake.asked.every(({ headers }) => headers.Authorization === "Bearer secret")).toBe(true);
    expect((await admin.health()).status).toBe("healthy");
  });
});

test("what a refusal says names the places", () => {
  expect(said(new CallboardError("Wrong.", { status: 422, errors: [{ loc: ["body", "type"], msg: "is unknown", type: "x" }] }))).toBe("Wrong. body.type: is unknown");
});

describe("asking again and again", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  test("goes on after failures with longer pauses, and ends when told to", async () => {
    const pauses: number[] = [];
    let calls = 0;
    const asked = repeat(() => Promise.reject(new Error(String((calls += 1)))), 1000, (ms) => pauses.push(ms));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(calls).toBeGreaterThan(2);
    expect((pauses[2] ?? 0) > (pauses[0] ?? 0)).toBe(true);
    asked.end();
    const before = calls;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toBe(before);
  });

  test("asks nothing twice at once, and stops when it has enough", async () => {
    let calls = 0;
    const asked = repeat(async () => ((calls += 1) === 2 ? "enough" : "again"), 1000, () => undefined);
    asked.now();
    asked.now();
    expect(calls).toBe(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(calls).toBe(2);
    asked.end();
  });
});
