import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { afterClose, createClient, pauseBefore, type Connection, type Message, type SessionConnection, type SessionOptions } from "@callboard/client";
import { hintIn } from "../../client/src/close";
import { ended, fakeFetch, FakeSocket, line } from "./fake";

let connection: SessionConnection;
let messages: Message[];
let phases: string[];

function watch(options: SessionOptions = {}, fetch = fakeFetch({}).fetch): void {
  messages = [];
  phases = [];
  const client = createClient({ baseUrl: "http://x", WebSocket: FakeSocket, fetch, random: () => 0.5 });
  connection = client.session("s", {
    ...options,
    onMessage: (message) => messages.push(message),
    onConnection: ({ phase }: Connection) => phases.push(phase),
  });
}

const seqs = (): number[] => messages.flatMap((message) => ("seq" in message ? [message.seq] : []));

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made = [];
});

afterEach(() => {
  connection?.close();
  vi.useRealTimers();
});

describe("close codes", () => {
  test.each([
    [1000, "done"], [1001, "reconnect"], [1006, "reconnect"], [1013, "reconnect"], [1002, "stop"], [1009, "stop"],
    [4000, "reconnect"], [4408, "reconnect"], [4499, "reconnect"], [4500, "stop"], [4504, "stop"], [4999, "stop"],
  ])("%i means %s", (code, meaning) => {
    expect(afterClose(code)).toBe(meaning);
  });

  test("pauses grow, are spread, and give way to the server's hint", () => {
    expect(pauseBefore(0, 1006, null, 0)).toBe(200);
    expect(pauseBefore(0, 1006, null, 1)).toBe(400);
    expect(pauseBefore(30, 1006, null, 1)).toBe(20_000);
    expect(pauseBefore(0, 1013, null, 0)).toBe(3000);
    expect(hintIn("going away, retry in 1500 ms")).toBe(1500);
    expect(hintIn("retry in 2 s")).toBe(2000);
    expect(hintIn("going away")).toBeNull();
    expect(pauseBefore(9, 1001, 1500, 0)).toBe(1500);
    expect(pauseBefore(9, 1001, 1500, 1)).toBe(1875);
  });
});

describe("a connection", () => {
  test("begins with all of the journal, or a snapshot where it is asked for", () => {
    watch();
    expect(FakeSocket.last.url).toBe("ws://x/ws/s?since=0");
    watch({ since: "snapshot", clientId: "ada" });
    expect(FakeSocket.last.url).toBe("ws://x/ws/s?client_id=ada");
    watch({ since: 7 });
    expect(FakeSocket.last.since).toBe("7");
  });

  test("comes back from where it was, and nothing doubles", async () => {
    watch();
    FakeSocket.last.open().replay(line(1), line(2)).tell(line(3)).end(1006);
    expect(phases.at(-1)).toBe("reconnecting");
    await vi.advanceTimersByTimeAsync(500);
    expect(FakeSocket.made).toHaveLength(2);
    expect(FakeSocket.last.since).toBe("3");
    FakeSocket.last.open().replay(line(2), line(3), line(4)).tell(line(4), line(5));
    expect(seqs()).toEqual([1, 2, 3, 4, 5]);
  });

  test("asks again where something is missing, and tells nothing out of order", async () => {
    watch();
    const first = FakeSocket.last.open().replay(line(1));
    first.tell(line(3), line(4));
    expect(first.dropped).toBe(true);
    await vi.advanceTimersByTimeAsync(500);
    expect(FakeSocket.last.since).toBe("1");
    FakeSocket.last.open().replay(line(2), line(3), line(4));
    expect(seqs()).toEqual([1, 2, 3, 4]);
  });

  test("takes gaps only in a snapshot, and does not ask for them again", async () => {
    watch({ since: "snapshot" });
    FakeSocket.last.open().tell({ type: "state_replay_start", message: "", count: 2, dropped: 6, last_seq: 8 }, line(3), line(7), { type: "state_replay_complete", message: "" }, line(9));
    expect(seqs()).toEqual([3, 7, 9]);
    FakeSocket.last.end(4410);
    await vi.advanceTimersByTimeAsync(500);
    expect(FakeSocket.last.since).toBe("9");
  });

  test("ends with the journal's last entry", async () => {
    watch();
    FakeSocket.last.open().replay(line(1), ended(2));
    expect(phases.at(-1)).toBe("done");
    expect(FakeSocket.last.dropped).toBe(true);
    expect(messages.at(-1)?.type).toBe("state_replay_complete");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSocket.made).toHaveLength(1);
  });

  test("a failed attempt that may be repeated is not the end", () => {
    watch();
    FakeSocket.last.open().replay({ type: "task_failed", error: "e", can_retry: true, attempt: 1, request_id: "r", seq: 1, timestamp: 1 } as never);
    expect(phases.at(-1)).toBe("live");
  });

  test("stays away after a code that says so, until it is asked to come back", async () => {
    watch();
    FakeSocket.last.open().end(4504);
    expect(connection.connection).toMatchObject({ phase: "stopped", code: 4504 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSocket.made).toHaveLength(1);
    connection.reconnect();
    expect(FakeSocket.made).toHaveLength(2);
  });

  test("waits as long as the server says", async () => {
    watch();
    FakeSocket.last.open().end(1001, "retry in 4000 ms");
    await vi.advanceTimersByTimeAsync(3999);
    expect(FakeSocket.made).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(600);
    expect(FakeSocket.made).toHaveLength(2);
  });

  test("measures the round trip, is stale without an answer, and gives up in the end", async () => {
    watch();
    const socket = FakeSocket.last.open().replay();
    expect(socket.sent[0]).toMatchObject({ type: "ping" });
    await vi.advanceTimersByTimeAsync(30);
    socket.tell({ type: "pong", timestamp: socket.sent[0]?.timestamp });
    expect(connection.connection.roundTrip).toBeCloseTo(30, 0);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(socket.sent).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(4_100);
    expect(connection.connection.phase).toBe("stale");
    await vi.advanceTimersByTimeAsync(8_100);
    expect(connection.connection.phase).toBe("reconnecting");
    expect(socket.dropped).toBe(true);
  });

  test("lines are a sign of life, too, while the answer to a ping is behind them", async () => {
    watch();
    const socket = FakeSocket.last.open().replay();
    for (let seq = 1; seq <= 40; seq += 1) {
      await vi.advanceTimersByTimeAsync(1000);
      socket.tell(line(seq));
    }
    expect(connection.connection.phase).toBe("live");
    expect(phases).not.toContain("stale");
    expect(socket.sent.length).toBeGreaterThan(3);
  });

  test("a long past comes over HTTP, the rest over the socket", async () => {
    const page = (from: number, to: number) => ({ body: { events: Array.from({ length: to - from + 1 }, (_, place) => line(from + place)), last_seq: 5000 } });
    const { fetch } = fakeFetch({ "GET /sessions/s/events?since=0&limit=10000": page(1, 3000), "GET /sessions/s/events?since=3000&limit=10000": page(3001, 5000) });
    watch({}, fetch);
    const first = FakeSocket.last.open().tell({ type: "state_replay_start", message: "", count: 5000, dropped: 0, last_seq: 5000 });
    first.tell(line(1));
    await vi.waitFor(() => expect(FakeSocket.made).toHaveLength(2));
    expect(first.dropped).toBe(true);
    expect(FakeSocket.last.since).toBe("5000");
    FakeSocket.last.open().replay(line(5001)).tell(line(5002));
    expect(seqs()).toEqual(Array.from({ length: 5002 }, (_, place) => place + 1));
  });

  test("a long past comes over the socket where HTTP fails", async () => {
    watch();
    FakeSocket.last.open().tell({ type: "state_replay_start", message: "", count: 5000, dropped: 0, last_seq: 5000 });
    await vi.waitFor(() => expect(FakeSocket.made).toHaveLength(2));
    FakeSocket.last.open().replay(...Array.from({ length: 5000 }, (_, place) => line(place + 1)));
    expect(seqs()).toHaveLength(5000);
    expect(FakeSocket.made).toHaveLength(2);
  });

  test("any drop at any place loses and doubles nothing", async () => {
    for (let cut = 0; cut <= 12; cut += 1) {
      FakeSocket.made = [];
      watch();
      const journal = Array.from({ length: 10 }, (_, place) => line(place + 1));
      let told = 0;
      const say = (message: object): void => {
        if (told < cut) FakeSocket.last.tell(message);
        told += 1;
      };
      FakeSocket.last.open();
      say({ type: "state_replay_start", message: "", count: 5, dropped: 0, last_seq: 5 });
      journal.slice(0, 5).forEach(say);
      say({ type: "state_replay_complete", message: "" });
      journal.slice(5).forEach(say);
      FakeSocket.last.end(1006);
      await vi.advanceTimersByTimeAsync(1000);
      FakeSocket.last.open().replay(...journal.slice(Number(FakeSocket.last.since)));
      expect(seqs()).toEqual(journal.map(({ seq }) => seq));
      connection.close();
    }
  });

  test("says nothing after it was closed", async () => {
    watch();
    const socket = FakeSocket.last.open();
    connection.close();
    socket.tell(line(1));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(messages).toEqual([]);
    expect(connection.say({ type: "cancel" })).toBe(false);
  });
});

describe("without WebSockets", () => {
  const events = [line(1), line(2), ended(3)].map((entry) => `id: ${entry.seq}\nevent: ${entry.type}\ndata: ${JSON.stringify(entry)}\n\n`).join("");

  test("events are followed once a WebSocket has failed to open while HTTP works", async () => {
    const { fetch } = fakeFetch({ "GET /livez": {}, "GET /sessions/s": { body: { last_seq: 2 } }, "GET /sessions/s/events?since=0": { body: events } });
    watch({}, fetch);
    for (const wait of [1000, 2000]) {
      FakeSocket.last.end(1006);
      await vi.advanceTimersByTimeAsync(wait);
    }
    await vi.waitFor(() => expect(phases.at(-1)).toBe("done"));
    expect(FakeSocket.made).toHaveLength(2);
    expect(connection.connection.transport).toBe("events");
    expect(seqs()).toEqual([1, 2, 3]);
    expect(messages.map(({ type }) => type)).toEqual(["state_replay_start", "stream", "stream", "state_replay_complete", "task_completed"]);
  });

  test("a server that is away is not taken for a blocked WebSocket", async () => {
    watch();
    for (let attempt = 0; attempt < 6; attempt += 1) {
      FakeSocket.last.end(1006);
      await vi.advanceTimersByTimeAsync(30_000);
    }
    expect(FakeSocket.made.length).toBeGreaterThan(6);
    expect(connection.connection.transport).toBe("websocket");
  });

  test("an answer goes over HTTP, and its faults come as the socket would tell them", async () => {
    const stream = new Promise<never>(() => undefined);
    const { fetch, asked } = fakeFetch({
      "GET /sessions/s": { body: { last_seq: 0 } },
      "POST /sessions/s/input": { status: 422, body: { code: "invalid_body", detail: "no", errors: [{ loc: ["body", "values", "mail"], msg: "no address", type: "x" }] } },
      "POST /sessions/s/confirm": { status: 409, body: { code: "already_answered", detail: "no", winner: { by: "me", value: true }, open_request_id: "next" } },
    });
    const open = (async (input: string, init: RequestInit) => (String(input).includes("/events") ? new Response(new ReadableStream({ pull: () => stream })) : fetch(input, init))) as typeof globalThis.fetch;
    messages = [];
    connection = createClient({ baseUrl: "http://x", WebSocket: null, fetch: open }).session("s", { onMessage: (message) => messages.push(message) });
    await vi.waitFor(() => expect(connection.connection.phase).toBe("live"));
    expect(connection.say({ type: "user_input", values: { mail: "x" }, request_id: "r" })).toBe(true);
    await vi.waitFor(() => expect(messages.at(-1)).toEqual({ type: "input_rejected", request_id: "r", errors: [{ field: "mail", message: "no address" }] }));
    expect(asked.at(-1)?.body).toEqual({ values: { mail: "x" }, request_id: "r" });
    connection.say({ type: "confirm", value: true });
    await vi.waitFor(() => expect(messages.at(-1)).toEqual({ type: "error", code: "already_answered", message: "no", winner: { by: "me", value: true }, open_request_id: "next" }));
  });
});
