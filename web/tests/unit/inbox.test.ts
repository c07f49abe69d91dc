import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { byDeadline, createClient, type InboxStore, type ListedRequest } from "@callboard/client";
import { fakeFetch, FakeSocket } from "./fake";

type Answers = Parameters<typeof fakeFetch>[0];

function question(id: string, more: Partial<ListedRequest> = {}): ListedRequest {
  return { session_id: `s-${id}`, task: "approval", request_id: id, type: "request_confirmation", message: `${id}?`, asked_at: 1, ...more } as ListedRequest;
}

const page = (requests: ListedRequest[], next_cursor: string | null = null, position = "e:5") => ({ body: { requests, position, next_cursor } });
const opened = (seq: number, data: object) => event(seq, "request.opened", data);
const closed = (seq: number, request_id: string, more: object = {}) => event(seq, "request.closed", { request_id, reason: "answered", by: "ada", value: true, ...more });

function event(seq: number, type: string, data: object): object {
  return { id: `id-${seq}`, type, priority: "normal", timestamp: new Date(1_000_000).toISOString(), data, metadata: {}, seq };
}

const greeting = (last_seq: number, epoch = "e"): object => ({ ...event(0, "connection.established", { client_id: "c", epoch, last_seq }), seq: undefined });

let leave = (): void => undefined;

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made = [];
});
afterEach(() => {
  leave();
  vi.useRealTimers();
});

async function open(answers: Answers): Promise<{ inbox: InboxStore; asked: ReturnType<typeof fakeFetch>["asked"]; ids: () => string[] }> {
  const { fetch, asked } = fakeFetch(answers);
  const { inbox } = createClient({ baseUrl: "http://x", WebSocket: FakeSocket, fetch });
  leave = inbox.open();
  await frame();
  return { inbox, asked, ids: () => inbox.getState().requests.map(({ request_id }) => request_id) };
}

const frame = (): Promise<unknown> => vi.advanceTimersByTimeAsync(20);

test("the next deadline comes first, then the oldest", () => {
  const all = [question("c", { asked_at: 3 }), question("a", { asked_at: 1 }), question("z", { asked_at: 9, expires_at: 20 }), question("y", { asked_at: 9, expires_at: 10 })];
  expect(all.sort(byDeadline).map(({ request_id }) => request_id)).toEqual(["y", "z", "a", "c"]);
});

test("it reads all pages, and follows from the moment of the first one", async () => {
  const { inbox, ids } = await open({ "GET /requests?limit=1000": page([question("a")], "more"), "GET /requests?limit=1000&cursor=more": page([question("b", { asked_at: 2 })], null, "e:9") });
  expect(ids()).toEqual(["a", "b"]);
  expect(inbox.getState().isComplete).toBe(true);
  expect(FakeSocket.made).toHaveLength(1);
  expect(FakeSocket.last.since).toBe("e:5");
  FakeSocket.last.open().tell(greeting(9), opened(6, question("c", { asked_at: 3 })), closed(7, "a"));
  await frame();
  expect(ids()).toEqual(["b", "c"]);
  expect(inbox.getState().closed.get("a")).toMatchObject({ reason: "answered", by: "ada", value: true, isOwn: false });
});

test("what was closed while the list was read does not come back with a later page", async () => {
  let give = (): void => undefined;
  const later = new Promise<void>((resolve) => (give = resolve));
  const { fetch } = fakeFetch({ "GET /requests?limit=1000": page([question("a")], "more"), "GET /requests?limit=1000&cursor=more": page([question("b"), question("c")]) });
  const slow: typeof globalThis.fetch = async (input, init) => {
    if (String(input).includes("cursor")) await later;
    return fetch(input, init);
  };
  const { inbox } = createClient({ baseUrl: "http://x", WebSocket: FakeSocket, fetch: slow });
  leave = inbox.open();
  await frame();
  FakeSocket.last.open().tell(greeting(6), closed(6, "b"));
  give();
  await frame();
  expect(inbox.getState().requests.map(({ request_id }) => request_id)).toEqual(["a", "c"]);
});

test("an answer leaves the list at once, and one that lost says who won", async () => {
  const winner = { by: "bo", value: false };
  const { inbox, asked, ids } = await open({
    "GET /requests?limit=1000": page([question("a"), question("b"), question("f", { type: "request_user_input", fields: [] } as Partial<ListedRequest>)]),
    "POST /sessions/s-a/confirm": { body: { request_id: "a", status: "running" } },
    "POST /sessions/s-b/confirm": { status: 409, body: { code: "already_answered", winner } },
    "POST /sessions/s-f/input": { status: 422, body: { code: "invalid_answer", errors: [{ loc: ["body", "values", "name"], msg: "is required", type: "x" }] } },
  });
  const answering = inbox.answer("a", true);
  await frame();
  expect(await answering).toBe(true);
  expect(ids()).toEqual(["b", "f"]);
  expect(asked.at(-1)?.body).toEqual({ value: true, request_id: "a" });
  expect(inbox.getState().closed.get("a")).toMatchObject({ isOwn: true });
  expect(await inbox.answer("b", true)).toBe(false);
  expect(inbox.getState().closed.get("b")).toMatchObject({ by: "bo", value: false, isOwn: false });
  expect(await inbox.answer("f", { name: "" })).toBe(false);
  expect(inbox.getState().errors.get("f")).toEqual([{ field: "name", message: "is required" }]);
  expect(ids()).toEqual(["f"]);
  expect(await inbox.answer("gone", true)).toBe(false);
});

test("where the log is another one, the list is read anew", async () => {
  let pages = 0;
  const { ids } = await open({ "GET /requests?limit=1000": () => ((pages += 1) === 1 ? page([question("a")]) : page([question("b")], null, "f:1")) });
  FakeSocket.last.open().tell(greeting(1, "f"), { type: "error", code: "position_unknown", message: "", data: { epoch: "f", first_seq: 1, last_seq: 1 } });
  await frame();
  await frame();
  expect(ids()).toEqual(["b"]);
  expect(FakeSocket.made).toHaveLength(2);
  expect(FakeSocket.last.since).toBe("f:1");
});

test("a server that is away is asked again, and nobody is asked once all have left", async () => {
  let isAway = true;
  const { inbox, asked, ids } = await open({ "GET /requests?limit=1000": () => (isAway ? new Error("away") : page([question("a")])) });
  expect(inbox.getState().error).toContain("cannot be reached");
  isAway = false;
  await vi.advanceTimersByTimeAsync(2100);
  expect(ids()).toEqual(["a"]);
  expect(inbox.getState().error).toBeNull();
  leave();
  await frame();
  expect(FakeSocket.last.dropped).toBe(true);
  const before = asked.length;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toHaveLength(before);
});

test("a question that is too large for an event is read from its session", async () => {
  const large = { ...question("big"), message: undefined, cut: true };
  const { ids, inbox } = await open({
    "GET /requests?limit=1000": page([]),
    "GET /sessions/s-big": { body: { open_requests: [{ type: "request_confirmation", request_id: "big", message: "long", seq: 3, timestamp: 1 }] } },
  });
  FakeSocket.last.open().tell(greeting(6), opened(6, large));
  await frame();
  expect(ids()).toEqual(["big"]);
  expect(inbox.getState().requests[0]).toMatchObject({ message: "long", asked_at: 1 });
});

test("who may not hear events is shown the list as it is, again and again", async () => {
  const answers: Answers = { "GET /requests?limit=1000": page([question("a")]) };
  const { inbox, ids } = await open(answers);
  FakeSocket.last.end(4503);
  await frame();
  expect(inbox.getState()).toMatchObject({ isComplete: true, connection: { phase: "live" } });
  answers["GET /requests?limit=1000"] = page([question("b")]);
  await vi.advanceTimersByTimeAsync(5100);
  expect(ids()).toEqual(["b"]);
  answers["GET /requests?limit=1000"] = page([]);
  await vi.advanceTimersByTimeAsync(5100);
  expect([ids(), FakeSocket.made.length]).toEqual([[], 1]);
});
