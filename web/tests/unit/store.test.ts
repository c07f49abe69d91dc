// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CallboardError, createClient, type SessionStore } from "@callboard/client";
import { Clock } from "../../client/src/clock";
import { ended, fakeFetch, FakeSocket, line } from "./fake";

let store: SessionStore;
let close: () => void;

function open(answers: Parameters<typeof fakeFetch>[0] = {}): ReturnType<typeof fakeFetch> {
  const fake = fakeFetch(answers);
  store = createClient({ baseUrl: "http://x", WebSocket: FakeSocket, fetch: fake.fetch, random: () => 0.5 }).store("s");
  close = store.open();
  return fake;
}

const frame = (): Promise<unknown> => vi.advanceTimersByTimeAsync(20);
const question = (seq: number, id = "q") => ({ type: "request_confirmation", request_id: id, message: "Go?", seq, timestamp: 100 });

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made = [];
});

afterEach(() => {
  close();
  vi.useRealTimers();
});

describe("a store", () => {
  test("changes once a frame, however much comes", async () => {
    open();
    await frame();
    let changes = 0;
    store.subscribe(() => (changes += 1));
    FakeSocket.last.open();
    await frame();
    changes = 0;
    FakeSocket.last.replay(...Array.from({ length: 1000 }, (_, place) => line(place + 1)));
    expect(changes).toBe(0);
    await frame();
    expect(changes).toBe(1);
    expect(store.getState().lineCount).toBe(1000);
  });

  test("an answer that others are missing beside stays with its question", async () => {
    open();
    await frame();
    const asked = { ...question(1), assignees: ["bo"], required_answers: 2 };
    FakeSocket.last.open().replay(asked);
    await frame();
    FakeSocket.last.tell({ type: "answer_given", request_id: "q", by: "bo", value: true, missing: 1, seq: 2, timestamp: 101 });
    await frame();
    const [shown] = store.getState().requests;
    expect(shown?.answerers).toEqual({ assignees: ["bo"], required_answers: 2 });
    expect(shown?.given).toEqual([{ by: "bo", value: true }]);
    FakeSocket.last.tell({ type: "answered", request_id: "q", by: "cy", value: true, answers: [], seq: 3, timestamp: 102 });
    await frame();
    expect(store.getState().requests).toEqual([]);
  });

  test("a state that was given does not change any more", async () => {
    open();
    await frame();
    FakeSocket.last.open().replay(line(1));
    await frame();
    const before = store.getState();
    FakeSocket.last.tell(line(2));
    await frame();
    expect(before.count).toBe(1);
    expect(store.getState().count).toBe(2);
  });

  test("changes once a second in a hidden tab", async () => {
    open();
    await frame();
    const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    FakeSocket.last.open().replay(line(1));
    await vi.advanceTimersByTimeAsync(900);
    expect(store.getState().count).toBe(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(store.getState().count).toBe(1);
    hidden.mockRestore();
  });

  test("goes on where it was after it was closed and opened again", async () => {
    open();
    await frame();
    FakeSocket.last.open().replay(line(1)).tell(line(2));
    close();
    await frame();
    close = store.open();
    await frame();
    expect(FakeSocket.last.since).toBe("2");
    FakeSocket.last.open().replay().tell(line(3));
    await frame();
    expect(store.getState().lines.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  test("opened, closed and opened at once, it connects once", async () => {
    open();
    close();
    close = store.open();
    await frame();
    expect(FakeSocket.made).toHaveLength(1);
  });

  test("an answer closes its question, here without a word and elsewhere with one", async () => {
    open();
    await frame();
    FakeSocket.last.open().replay(question(1, "a") as never, question(2, "b") as never);
    await frame();
    expect(store.getState().requests.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(store.answer("a", true)).toBe(true);
    expect(store.getState().requests[0]?.sending).toBe(true);
    expect(FakeSocket.last.sent.at(-1)).toEqual({ type: "confirm", value: true, request_id: "a" });
    FakeSocket.last.tell({ type: "answered", request_id: "a", by: "me", value: true, seq: 3, timestamp: 101 }, { type: "answered", request_id: "b", by: "ada", value: false, seq: 4, timestamp: 102 });
    await frame();
    expect(store.getState().requests).toEqual([]);
    expect(store.getState().notices.map(({ text }) => text)).toEqual(["Answered elsewhere: no (ada)."]);
  });

  test("a question that was answered within one replay is not spoken of", async () => {
    open();
    await frame();
    FakeSocket.last.open().replay(question(1) as never, { type: "answered", request_id: "q", by: "ada", value: true, seq: 2, timestamp: 3 } as never);
    await frame();
    expect(store.getState().notices).toEqual([]);
  });

  test("rejected values stay open with what is wrong", async () => {
    open();
    await frame();
    const fields = [{ name: "mail", description: "", type: "email", value: null, required: true }];
    FakeSocket.last.open().replay({ type: "request_user_input", request_id: "q", fields, timeout: 30, seq: 1, timestamp: 100 } as never);
    await frame();
    expect(store.answer("q", true)).toBe(false);
    expect(store.answer("q", { mail: "x" })).toBe(true);
    FakeSocket.last.tell({ type: "input_rejected", request_id: "q", errors: [{ field: "mail", message: "no address" }] });
    await frame();
    expect(store.getState().requests[0]).toMatchObject({ sending: false, deadline: 130, errors: [{ field: "mail", message: "no address" }] });
  });

  test("an answer that was on its way when the connection broke can be given again", async () => {
    open();
    await frame();
    FakeSocket.last.open().replay(question(1) as never);
    await frame();
    store.answer("q", true);
    FakeSocket.last.end(1006);
    await frame();
    expect(store.getState().requests[0]?.sending).toBe(false);
    expect(store.answer("q", true)).toBe(false);
  });

  test("who is slower hears who was faster", async () => {
    open();
    await frame();
    FakeSocket.last.open().replay(question(1) as never);
    await frame();
    store.answer("q", true);
    FakeSocket.last.tell({ type: "error", code: "already_answered", message: "x", winner: { by: "ada", value: false } });
    await frame();
    expect(store.getState().error).toBe("Somebody was faster: no (ada).");
    FakeSocket.last.tell({ type: "error", code: "already_answered", message: "x", winner: { by: "timeout", timed_out: true } });
    await frame();
    expect(store.getState().error).toBe("Nobody answered in time.");
    FakeSocket.last.tell({ type: "error", code: "already_answered", message: "x", winner: { by: "withdrawn", withdrawn: true } });
    await frame();
    expect(store.getState().error).toBe("Withdrawn: the task no longer asks.");
  });

  test("an answer that only repeats the one before leaves the next question open", async () => {
    open();
    await frame();
    FakeSocket.last.open().replay(question(1) as never);
    await frame();
    store.answer("q", true);
    FakeSocket.last.tell({ type: "error", code: "already_answered", message: "the question has been answered already", winner: { by: "me", value: true }, open_request_id: "q" });
    await frame();
    expect(store.getState().error).toBe("The question has been answered already.");
    expect(store.getState().requests).toMatchObject([{ id: "q", sending: false }]);
  });

  test("a question that is withdrawn is open no more, and people are told why", async () => {
    open();
    await frame();
    FakeSocket.last.open().replay(question(1) as never);
    FakeSocket.last.tell({ type: "answered", request_id: "q", by: "withdrawn", withdrawn: true, seq: 2, timestamp: 2 } as never);
    await frame();
    expect(store.getState().requests).toEqual([]);
    expect(store.getState().notices.map(({ text }) => text)).toEqual(["Withdrawn: the task no longer asks."]);
  });

  test("a cancel is told as under way until the server says what came of it", async () => {
    open({ "POST /sessions/s/cancel": {} });
    await frame();
    FakeSocket.last.open().replay({ type: "status", status: "running", attempt: 1, seq: 1, timestamp: 1 } as never);
    await frame();
    const asked = store.cancel();
    expect(store.getState().cancelling).toBe(true);
    await asked;
    FakeSocket.last.tell({ type: "status", status: "cancelled", attempt: 1, seq: 2, timestamp: 2 }, { type: "task_cancelled", reason: "r", seq: 3, timestamp: 2 });
    await frame();
    expect(store.getState()).toMatchObject({ cancelling: false, status: "cancelled", outcome: { kind: "cancelled", text: "r" } });
  });

  test("a cancel that fails says so", async () => {
    open();
    await frame();
    await store.cancel();
    expect(store.getState()).toMatchObject({ cancelling: false, error: "The server cannot be reached. Check that it runs, then try again." });
  });

  test("a session that has ended is not connected to again", async () => {
    open();
    await frame();
    FakeSocket.last.open().replay(line(1), ended(2));
    await frame();
    close();
    await frame();
    close = store.open();
    await frame();
    expect(FakeSocket.made).toHaveLength(1);
    expect(store.getState()).toMatchObject({ status: "completed", outcome: { values: { ok: true } } });
  });
});

describe("calls", () => {
  test("a start carries its options and its key", async () => {
    const { asked } = open({ "POST /start-task": { body: { session_id: "s", task: "t", status: "queued" } } });
    const client = createClient({ baseUrl: "http://x/", fetch: fakeFetch({}).fetch });
    await expect(client.start("t")).rejects.toMatchObject({ status: 0, code: "unreachable" });
    const fake = fakeFetch({ "POST /start-task": { body: {} }, "GET /sessions?status=waiting&label=a%3Db&limit=7": { body: { sessions: [], next_cursor: null } } });
    const other = createClient({ baseUrl: "http://x", fetch: fake.fetch });
    await other.start("t", { config: { a: 1 }, priority: "high", labels: { k: "v" }, idempotencyKey: "once" });
    expect(fake.asked[0]).toMatchObject({ body: { task: "t", config: { a: 1 }, priority: "high", labels: { k: "v" } }, headers: { "Idempotency-Key": "once" } });
    await other.list({ status: ["waiting"], labels: { a: "b" }, limit: 7 });
    expect(asked).toEqual([]);
  });

  test("a refusal tells all that the server said", async () => {
    const told = { code: "invalid_body", detail: "no", errors: [{ loc: ["body", "config", "steps"], msg: "too large", type: "x" }] };
    const client = createClient({ baseUrl: "http://x", fetch: fakeFetch({ "POST /start-task": { status: 422, body: told, headers: { "Retry-After": "3" } } }).fetch });
    const error = await client.start("t").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CallboardError);
    expect(error).toMatchObject({ message: "no", status: 422, code: "invalid_body", faults: told.errors, retryAfter: 3 });
  });

  test("the clocks are taken to be the same unless they cannot be", () => {
    const clock = new Clock();
    clock.hear(5000, 5100, 5200);
    expect(clock.skew).toBe(0);
    clock.hear(Number.NaN, 0, 0);
    expect(clock.skew).toBe(0);
    clock.hear(90_000, 6000, 6100);
    expect(clock.skew).toBeCloseTo(84.45, 1);
    clock.hear(91_000, 6600, 6700);
    expect(clock.skew).toBeCloseTo(84.65, 1);
  });
});
