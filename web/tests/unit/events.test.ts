import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createClient, fits, Ledger, readPosition, takes, Track, type EventFeed, type EventStore, type EventWants, type Missed, type Priority, type Row, type ServerEvent } from "@callboard/client";
import { fakeFetch, FakeSocket } from "./fake";

const ALL: EventWants = { types: [] };

function event(seq: number | undefined, more: Partial<ServerEvent> = {}): ServerEvent {
  return { id: `id-${seq ?? more.type}`, type: "custom.a", priority: "normal", timestamp: new Date(1_000_000 + (seq ?? 0) * 1000).toISOString(), data: {}, metadata: {}, ...(seq !== undefined && { seq }), ...more };
}

const greeting = (last_seq: number, epoch = "e"): ServerEvent => event(undefined, { type: "connection.established", id: "hello", data: { client_id: "c", subscriptions: ["*"], epoch, last_seq } });

describe("what is wanted", () => {
  test.each([
    ["*", "custom.a", true], ["execution.*", "execution.failed", true], ["execution.*", "executions.x", false], ["custom.a.*", "custom.a.b", true],
    ["custom.a.*", "custom.ab", false], ["custom.a", "custom.a", true], ["custom.a", "custom.a.b", false],
  ])("%s takes %s: %s", (pattern, type, expected) => {
    expect(takes(pattern, type)).toBe(expected);
  });

  test("an event has to fit all that is set", () => {
    const one = event(1, { type: "execution.failed", priority: "high", execution_id: "x", crew_id: "c", agent_id: "a" });
    expect(fits(one, { types: ["queue.*", "execution.*"], minPriority: "high", executionId: "x", crewId: "c", agentId: "a" })).toBe(true);
    for (const wants of [{ types: ["queue.*"] }, { ...ALL, minPriority: "critical" as Priority }, { ...ALL, executionId: "y" }, { ...ALL, crewId: "d" }, { ...ALL, agentId: "b" }]) {
      expect(fits(one, wants)).toBe(false);
    }
  });

  test("a position is read as it is written, and nothing else is", () => {
    expect(readPosition("a:b:12")).toEqual({ epoch: "a:b", seq: 12 });
    for (const text of ["", "12", ":12", "a:", "a:x", "a:-1", "a:1.5"]) expect(readPosition(text)).toBeNull();
  });
});

describe("how far one has come", () => {
  test("what is urgent overtakes: it leaves no hole, and is taken once", () => {
    const track = new Track(0, ALL);
    expect(track.take(3, "high")).toEqual({ isNew: true, hole: null });
    expect(track.seq).toBe(0);
    expect(track.take(1, "normal").hole).toBeNull();
    expect(track.take(2, "low").hole).toBeNull();
    expect(track.take(3, "high").isNew).toBe(false);
    expect(track.take(4, "normal")).toEqual({ isNew: true, hole: null });
    expect(track.take(4, "normal").isNew).toBe(false);
    expect(track.seq).toBe(4);
  });

  test("what does not come before one that is not urgent is missing", () => {
    const track = new Track(10, ALL);
    track.take(12, "critical");
    expect(track.take(15, "normal").hole).toEqual({ from: 11, to: 14, count: 3 });
    track.take(16, "critical");
    expect(track.reached(18)).toEqual({ from: 17, to: 18, count: 2 });
    expect(track.reached(18)).toBeNull();
  });

  test("where not all are wanted, nothing can be said to be missing", () => {
    expect(new Track(1, { types: ["custom.*"] }).take(9, "normal").hole).toBeNull();
    const urgent = new Track(1, { ...ALL, minPriority: "high" });
    expect(urgent.take(9, "high")).toEqual({ isNew: true, hole: null });
    expect(urgent.seq).toBe(9);
  });

  test("any order that keeps both lanes has each event once and no hole", () => {
    let seed = 7;
    const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    for (let round = 0; round < 200; round += 1) {
      const all = Array.from({ length: 40 }, (_, place) => ({ seq: place + 1, urgent: random() < 0.3 }));
      const lanes = [all.filter(({ urgent }) => urgent), all.filter(({ urgent }) => !urgent)] as const;
      const track = new Track(0, ALL);
      let news = 0;
      while (lanes[0].length + lanes[1].length > 0) {
        // An urgent one never comes later than one that stands behind it.
        const [urgent, plain] = [lanes[0][0], lanes[1][0]];
        const isUrgent = urgent && (!plain || urgent.seq < plain.seq || random() < 0.5);
        const next = lanes[isUrgent ? 0 : 1].shift();
        const { isNew, hole } = track.take(next?.seq ?? 0, isUrgent ? "high" : "normal");
        expect(hole).toBeNull();
        news += Number(isNew);
        // A break: all behind the position comes again.
        if (random() < 0.1) for (const { seq, urgent: high } of all) if (seq <= track.seq) expect(track.take(seq, high ? "high" : "low").isNew).toBe(false);
      }
      expect(news).toBe(40);
      expect(track.reached(40)).toBeNull();
      expect(track.seq).toBe(40);
    }
  });
});

describe("the rows", () => {
  const seqs = (rows: readonly Row[]): (number | string)[] => rows.map((row) => (row.kind === "event" ? (row.event.seq ?? -1) : row.why));

  test("are bounded, and keep their numbers", () => {
    const ledger = new Ledger(3);
    for (const seq of [1, 2, 3, 4, 5]) ledger.add(event(seq));
    expect(ledger.rows).toHaveLength(0);
    expect(ledger.takeIn()).toBe(true);
    expect(seqs(ledger.rows)).toEqual([3, 4, 5]);
    expect([ledger.base, ledger.trimmed, ledger.first]).toEqual([2, 2, 3]);
    ledger.bound(10);
    ledger.prepend([event(1), event(2), event(3)]);
    expect(seqs(ledger.rows)).toEqual([1, 2, 3, 4, 5]);
    expect(ledger.base).toBe(0);
    ledger.bound(1);
    expect(seqs(ledger.rows)).toEqual([5]);
    expect(ledger.base).toBe(4);
  });

  test("that wait are bounded, too, and what had to go is a gap where somebody paused", () => {
    const ledger = new Ledger(100);
    for (let seq = 1; seq <= 1000; seq += 1) ledger.add(event(seq));
    expect(ledger.waiting).toBe(1000);
    ledger.takeIn(true);
    expect(ledger.rows).toHaveLength(100);
    const paused = new Ledger(2000);
    for (let seq = 1; seq <= 5000; seq += 1) paused.add(event(seq));
    paused.bound(5000);
    paused.takeIn(true);
    const [gap, next] = paused.rows;
    expect(gap).toMatchObject({ kind: "gap", why: "paused" });
    expect(gap?.kind === "gap" && next?.kind === "event" && (gap.count ?? 0) + 1 === next.event.seq).toBe(true);
  });

  test("a gap lies between the moments of its neighbours, and is filled by what the log has", () => {
    const ledger = new Ledger(100);
    ledger.add(event(1));
    const key = ledger.gap({ why: "missing", count: 3, isReading: true });
    ledger.add(event(5));
    ledger.takeIn();
    expect(ledger.rows[1]).toMatchObject({ from: 1_001_000, to: 1_005_000, isReading: true });
    const before = ledger.rows[1];
    ledger.fill(key, [event(3)], 2);
    expect(seqs(ledger.rows)).toEqual([1, "missing", 3, 5]);
    expect(ledger.rows[1]).not.toBe(before);
    expect(ledger.rows[1]).toMatchObject({ count: 2, isReading: false });
    expect(ledger.renumbered).toBe(1);
    ledger.fill(key, [event(2), event(4)], 0);
    expect(seqs(ledger.rows)).toEqual([1, 2, 4, 3, 5]);
    ledger.fill(key, [event(9)], 0);
    expect(ledger.rows).toHaveLength(5);
    ledger.clear();
    expect([ledger.rows.length, ledger.base]).toEqual([0, 5]);
  });
});

describe("a feed", () => {
  let feed: EventFeed | null = null;
  let told: (number | string)[];
  let missed: Missed[];
  let refused: string[];

  function listen(wants: EventWants = ALL): void {
    [told, missed, refused] = [[], [], []];
    const client = createClient({ baseUrl: "http://x", WebSocket: FakeSocket, fetch: fakeFetch({}).fetch, random: () => 0.5 });
    feed = client.feed({
      wants,
      onEvent: ({ seq, type }) => told.push(seq ?? type),
      onJoined: ({ epoch, seq }) => told.push(`joined ${epoch}:${seq}`),
      onMissed: (one) => missed.push(one),
      onRefused: (code) => refused.push(code),
    });
  }

  beforeEach(() => {
    vi.useFakeTimers();
    FakeSocket.made = [];
  });
  afterEach(() => {
    feed?.close();
    vi.useRealTimers();
  });

  test("asks for what is wanted, by its address and by a filter", () => {
    listen({ types: ["execution.*", "custom.a"], minPriority: "high", executionId: "x", crewId: "c" });
    const socket = FakeSocket.last.open();
    expect(new URL(socket.url).pathname).toBe("/api/v1/websocket/ws/custom");
    expect(new URL(socket.url).searchParams.get("subscriptions")).toBe("execution.*,custom.a");
    expect(socket.sent[0]).toEqual({ action: "set_filter", filter: { min_priority: "high", execution_id: "x", crew_id: "c" } });
    expect(socket.sent[1]).toMatchObject({ action: "ping" });
    listen();
    expect(FakeSocket.last.open().sent).toMatchObject([{ action: "ping" }]);
    expect(new URL(FakeSocket.last.url).searchParams.get("subscriptions")).toBe("*");
  });

  test("tells each event once, one by one or several in a frame, and no other than those wanted", () => {
    listen({ types: ["custom.*"] });
    const [four, five] = [event(4), event(5)];
    FakeSocket.last.open().tell(greeting(3), four, [four, five], event(6, { type: "queue.cleared" }), event(undefined, { type: "custom.live" }));
    expect(told).toEqual(["joined e:3", 4, 5, "custom.live"]);
    FakeSocket.last.tell({ type: "error", code: "invalid_filter", message: "no" }, { type: "subscribed", subscriptions: [] });
    FakeSocket.last.onmessage?.({ data: "{" } as never);
    FakeSocket.last.onmessage?.({ data: "[null, 7]" } as never);
    expect(refused).toEqual(["invalid_filter"]);
  });

  test("comes back from where everything had come, with what is urgent told once", async () => {
    listen();
    FakeSocket.last.open().tell(greeting(0), event(1), event(4, { priority: "critical" }), event(2)).end(1006);
    await vi.advanceTimersByTimeAsync(500);
    expect(FakeSocket.last.since).toBe("e:2");
    FakeSocket.last.open().tell(greeting(5), event(3), event(4, { priority: "critical" }), event(5));
    expect(told).toEqual(["joined e:0", 1, 4, 2, 3, 5]);
    expect(missed).toMatchObject([{ why: "break" }]);
  });

  test("says what is too old, and goes on from there", async () => {
    listen();
    FakeSocket.last.open().tell(greeting(3)).end(4410);
    await vi.advanceTimersByTimeAsync(500);
    FakeSocket.last.open().tell(greeting(40), { type: "error", code: "position_too_old", message: "", data: { epoch: "e", first_seq: 20, last_seq: 40 } }, event(41));
    expect(missed).toMatchObject([{ why: "break" }, { why: "too_old", epoch: "e", from: 4, first: 20, last: 40 }]);
    expect(told).toEqual(["joined e:3", 41]);
  });

  test("says that the log is another", async () => {
    listen();
    FakeSocket.last.open().tell(greeting(30)).end(1001);
    await vi.advanceTimersByTimeAsync(500);
    FakeSocket.last.open().tell(greeting(2, "f"), { type: "error", code: "position_unknown", message: "" }, event(3));
    expect(missed).toMatchObject([{ why: "break" }, { why: "new_log" }]);
    expect(told).toEqual(["joined e:30", "joined f:2", 3]);
    expect(refused).toEqual([]);
  });

  test("says that the same log is shorter than it was", async () => {
    listen();
    FakeSocket.last.open().tell(greeting(30)).end(1001);
    await vi.advanceTimersByTimeAsync(500);
    FakeSocket.last.open().tell(greeting(2), { type: "error", code: "position_unknown", message: "", data: { epoch: "e", first_seq: 1, last_seq: 2 } }, event(3));
    expect(missed).toMatchObject([{ why: "break" }, { why: "new_log" }]);
    expect(told).toEqual(["joined e:30", "joined e:2", 3]);
  });

  test("goes on in another log where it becomes one while it listens", () => {
    listen();
    const lost = (epoch: string, last_seq: number): object => ({ type: "error", code: "position_unknown", message: "", data: { epoch, first_seq: 1, last_seq } });
    FakeSocket.last.open().tell(greeting(30), event(31), lost("f", 7), event(8), lost("f", 4), event(5));
    expect(missed).toEqual([{ why: "new_log" }, { why: "new_log" }]);
    expect(told).toEqual(["joined e:30", 31, "joined f:7", 8, "joined f:4", 5]);
    expect(refused).toEqual([]);
  });

  test("finds holes by what comes and by heartbeats, and says what was dropped", () => {
    listen();
    const beat = (last_seq: number, dropped: number): ServerEvent => event(undefined, { type: "connection.heartbeat", data: { last_seq, dropped } });
    FakeSocket.last.open().tell(greeting(0), event(1), event(3), beat(5, 4), beat(5, 4), beat(5, 6));
    expect(missed).toEqual([
      { why: "hole", epoch: "e", hole: { from: 2, to: 2, count: 1 } },
      { why: "dropped", count: 4 },
      { why: "hole", epoch: "e", hole: { from: 4, to: 5, count: 2 } },
      { why: "dropped", count: 2 },
    ]);
    expect(told).toEqual(["joined e:0", 1, 3]);
  });

  test("stays away where the server says so, until it is asked to come back", async () => {
    listen();
    FakeSocket.last.open().tell(greeting(0)).end(4509);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(feed?.connection.phase).toBe("stopped");
    expect(FakeSocket.made).toHaveLength(1);
    feed?.reconnect();
    expect(FakeSocket.made).toHaveLength(2);
    FakeSocket.last.open().tell(greeting(0)).end(1000);
    expect(feed?.connection.phase).toBe("reconnecting");
  });
});

describe("the log", () => {
  const body = (first: number, last: number, next: number, ...seqs: number[]) => ({ events: seqs.map((seq) => event(seq)), epoch: "e", first_seq: first, last_seq: last, next: `e:${next}` });
  const logOf = (answers: Parameters<typeof fakeFetch>[0]) => {
    const { fetch, asked } = fakeFetch(answers);
    return { log: createClient({ baseUrl: "http://x", fetch }).log, asked };
  };

  test("is read on until its end, piece by piece", async () => {
    const { log } = logOf({
      "GET /api/v1/events?type=a%2Cb&since=e%3A4&limit=6": { body: body(1, 20, 7, 5, 7) },
      "GET /api/v1/events?type=a%2Cb&since=e%3A7&limit=3": { body: body(1, 20, 12, 10, 11) },
    });
    expect((await log.between("e", 5, 10, { types: ["a", "b"] })).events).toEqual([]);
    const { log: all } = logOf({ "GET /api/v1/events?since=e%3A4&limit=6": { body: body(1, 20, 7, 5, 7) }, "GET /api/v1/events?since=e%3A7&limit=3": { body: body(1, 20, 12, 10, 11) } });
    expect((await all.between("e", 5, 10, ALL)).events.map(({ seq }) => seq)).toEqual([5, 7, 10]);
  });

  test("goes on from what is left where the oldest went meanwhile", async () => {
    const { log } = logOf({
      "GET /api/v1/events?since=e%3A4&limit=6": { status: 410, body: { code: "position_too_old" } },
      "GET /api/v1/events?limit=1": { body: body(9, 20, 9, 9) },
      "GET /api/v1/events?since=e%3A8&limit=2": { body: body(9, 20, 10, 9, 10) },
    });
    expect(await log.between("e", 5, 10, ALL)).toMatchObject({ first: 9, events: [{ seq: 9 }, { seq: 10 }] });
  });

  test("is read backwards in growing parts until enough fits", async () => {
    const { log, asked } = logOf({
      "GET /api/v1/events?min_priority=high&since=e%3A100&limit=1": { body: body(11, 100, 100) },
      "GET /api/v1/events?min_priority=high&since=e%3A98&limit=2": { body: body(11, 100, 100) },
      "GET /api/v1/events?min_priority=high&since=e%3A90&limit=8": { body: body(11, 100, 100) },
      "GET /api/v1/events?min_priority=high&since=e%3A58&limit=32": { body: body(11, 100, 100) },
      "GET /api/v1/events?min_priority=high&since=e%3A10&limit=48": { body: { ...body(11, 100, 100), events: [event(30, { priority: "high" })] } },
    });
    const found = await log.before("e", 100, 2, { ...ALL, minPriority: "high" });
    expect(found).toMatchObject({ from: 11, first: 11, events: [{ seq: 30 }] });
    expect(asked).toHaveLength(5);
  });
});

describe("a live table", () => {
  let close: (() => void) | null = null;
  beforeEach(() => {
    vi.useFakeTimers();
    FakeSocket.made = [];
  });
  afterEach(() => {
    close?.();
    vi.useRealTimers();
  });

  const page = (events: ServerEvent[], more: object = {}) => ({ body: { events, epoch: "e", first_seq: 1, last_seq: 3, next: "e:3", ...more } });
  const shown = (store: EventStore): (number | string)[] => store.getState().rows.map((row) => (row.kind === "event" ? (row.event.seq ?? row.event.type) : row.why));

  async function table(answers: Parameters<typeof fakeFetch>[0], last: number): Promise<EventStore> {
    const client = createClient({ baseUrl: "http://x", WebSocket: FakeSocket, fetch: fakeFetch(answers).fetch, random: () => 0.5 });
    const store = client.eventTable(1000);
    close = store.open();
    await vi.advanceTimersByTimeAsync(1);
    FakeSocket.last.open().tell(greeting(last));
    await vi.advanceTimersByTimeAsync(100);
    return store;
  }

  test("begins with the newest of the log, and joins what happens to it without a gap or a double", async () => {
    const store = await table({ "GET /api/v1/events?since=e%3A3&limit=1": page([]), "GET /api/v1/events?since=e%3A0&limit=3": page([event(1), event(2), event(3)]) }, 3);
    FakeSocket.last.tell(event(3), event(4));
    await vi.advanceTimersByTimeAsync(100);
    expect(shown(store)).toEqual([1, 2, 3, 4]);
    expect(store.getState()).toMatchObject({ older: "none", error: null, paused: false });
  });

  test("says that older events did not come, and can be asked again", async () => {
    const store = await table({}, 3);
    expect(store.getState()).toMatchObject({ older: "more", count: 0 });
    expect(store.getState().error).toMatch(/cannot be reached/);
  });

  test("changes at most once for all that comes at once, and stands still while it is paused", async () => {
    const store = await table({}, 0);
    let changes = 0;
    store.subscribe(() => (changes += 1));
    for (let seq = 1; seq <= 500; seq += 1) FakeSocket.last.tell(event(seq));
    expect(changes).toBe(0);
    await vi.advanceTimersByTimeAsync(20);
    expect([changes, store.getState().count]).toEqual([1, 500]);
    store.pause(true);
    FakeSocket.last.tell(event(501), event(502));
    await vi.advanceTimersByTimeAsync(20);
    expect(store.getState()).toMatchObject({ paused: true, waiting: 2, count: 500 });
    store.pause(false);
    expect(store.getState()).toMatchObject({ paused: false, waiting: 0, count: 502 });
  });

  test("reads a hole from the log, and keeps what the log has not as a gap", async () => {
    const store = await table({ "GET /api/v1/events?since=e%3A1&limit=3": page([event(3)], { last_seq: 5, next: "e:5" }) }, 0);
    FakeSocket.last.tell(event(1), event(5));
    await vi.advanceTimersByTimeAsync(100);
    expect(shown(store)).toEqual([1, "missing", 3, 5]);
    expect(store.getState().rows[1]).toMatchObject({ count: 2, isReading: false });
  });

  test("forgets what it has when others are wanted, and goes on from where it was when it is opened again", async () => {
    const store = await table({}, 0);
    FakeSocket.last.tell(event(1));
    await vi.advanceTimersByTimeAsync(20);
    close?.();
    await vi.advanceTimersByTimeAsync(20);
    expect(FakeSocket.last.dropped).toBe(true);
    close = store.open();
    await vi.advanceTimersByTimeAsync(20);
    expect(FakeSocket.last.since).toBe("e:1");
    FakeSocket.last.open().tell(greeting(2), event(2));
    await vi.advanceTimersByTimeAsync(20);
    expect(shown(store)).toEqual([1, "break", 2]);
    store.want({ types: ["custom.b"] });
    await vi.advanceTimersByTimeAsync(20);
    expect(store.getState().count).toBe(0);
    expect(FakeSocket.last.since).toBeNull();
  });
});
