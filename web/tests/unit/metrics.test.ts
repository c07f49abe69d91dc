// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createClient, type Connection, type MetricsConnection, type Snapshot } from "@callboard/client";
import { readHistory, readSnapshot } from "../../client/src/metrics/read";
import { inUnit } from "../../src/ui/units";
import { endsChart, failing, health, isEmpty, keepingUp, minutes, momentsOf, perSecond, type ChartData } from "../../src/views/metrics/charts";
import { columns, INCREMENTS, top } from "../../src/views/metrics/plot";
import { queryOf, rangeOf, RANGES } from "../../src/views/metrics/ranges";
import { endsOver, growth, isGap, LIVE_STEP, LONGEST_SECONDS, states, total, withHistory, within, withLive, type Sample } from "../../src/views/metrics/samples";
import { path, tilesOf } from "../../src/views/metrics/tiles";
import { waitingOf } from "../../src/views/metrics/waiting";
import { fakeFetch, FakeSocket } from "./fake";

const snapshot = (time: number, more: object = {}): Snapshot => {
  const read = readSnapshot({ time, rates: {}, ...more });
  if (!read) throw new Error("no snapshot");
  return read;
};
const live = (time: number, more: object = {}): Sample => ({ at: snapshot(time, more), step: LIVE_STEP });
const old = (time: number, more: object = {}): Sample => ({ at: snapshot(time, more), step: 5 });
const times = (samples: readonly Sample[]): number[] => samples.map(({ at }) => at.time);
const kinds = (completed: number, failed: number): object => ({ kinds: { a: { started: completed + failed, completed, failed, cancelled: 0 } } });

describe("a snapshot", () => {
  test("is read though half of it is missing or of another kind", () => {
    const read = readSnapshot({ time: "2026-11-20T12:00:00Z", sessions: { running: 2, x: "y" }, rates: { ticks: 3 }, latency_ms: { commit: { p99: 2, p50: null } }, workflows: [{ id: "w", slowest: 4 }, 7], store: [] });
    expect(read?.time).toBe(Date.parse("2026-11-20T12:00:00Z") / 1000);
    expect(read?.sessions).toEqual({ running: 2 });
    expect(read?.rates).toMatchObject({ ticks: 3, messages_in: 0 });
    expect(read?.latency_ms.commit).toEqual({ p50: null, p95: null, p99: 2 });
    expect(read?.workflows).toEqual([{ id: "w", rate: 0, tick_p50_us: null, tick_p99_us: null, slowest: [] }]);
    expect(read?.drops).toBeNull();
  });

  test.each([[null], [7], ["x"], [[]], [{}], [{ time: 1 }], [{ time: "soon", rates: {} }], [{ time: Number.NaN, rates: {} }], [{ time: 1, rates: [] }]])("is not made of %j", (value) => {
    expect(readSnapshot(value)).toBeNull();
  });

  test("of a history are in order", () => {
    expect(readHistory({ interval: 5, snapshots: [{ time: 9, rates: {} }, { time: 4, rates: {} }, null] }).map(({ time }) => time)).toEqual([4, 9]);
    expect(readHistory({ snapshots: 3 })).toEqual([]);
    expect(readHistory(null)).toEqual([]);
  });
});

describe("the samples", () => {
  test("of the last hour are kept, and those of a range are shown", () => {
    let samples: Sample[] = [];
    for (let time = 0; time <= 5000; time += 10) samples = withLive(samples, snapshot(time));
    expect(samples[0]?.at.time).toBe(5000 - LONGEST_SECONDS);
    expect(samples).toHaveLength(LONGEST_SECONDS / 10 + 1);
    expect(within(samples, 300)[0]?.at.time).toBe(4700);
  });

  test("do not double, and begin anew when the server's clock was set back", () => {
    const samples = [live(100), live(101)];
    expect(times(withLive(samples, snapshot(101)))).toEqual([100, 101]);
    expect(times(withLive(samples, snapshot(5)))).toEqual([5]);
  });

  test("take from the history only what did not come live", () => {
    const samples = [old(80), live(100), live(101), live(102), live(120)];
    const joined = withHistory(samples, [90, 95, 100, 104, 110, 115, 120].map((time) => snapshot(time)), 5);
    expect(times(joined)).toEqual([90, 95, 100, 101, 102, 110, 115, 120]);
    expect(joined.filter(({ step }) => step === LIVE_STEP)).toHaveLength(4);
  });

  test("are joined over the history's step, not over a hole", () => {
    expect(isGap(old(0), old(5))).toBe(false);
    expect(isGap(old(0), live(6))).toBe(false);
    expect(isGap(old(0), old(14))).toBe(true);
    expect(isGap(live(0), live(2))).toBe(false);
    expect(isGap(live(0), live(4))).toBe(true);
    expect(momentsOf([live(0), live(1), live(9)])).toMatchObject({ times: [0, 1, 5, 9], samples: [{}, {}, null, {}] });
  });

  test("count everybody who waits for people as one", () => {
    expect(states(snapshot(0, { sessions: { queued: 1, waiting_input: 2, waiting_retry: 3, waiting_confirmation: 4 } }))).toEqual({ queued: 1, running: 0, waiting: 9, cancelling: 0 });
  });
});

describe("counters", () => {
  test("grow, and say nothing when the server was started anew", () => {
    const grown = (before: object, after: object) => growth(snapshot(0, before), snapshot(1, after), ({ drops }) => drops);
    expect(grown({ drops: 3 }, { drops: 8 })).toBe(5);
    expect(grown({ drops: 8 }, { drops: 3 })).toBeNull();
    expect(grown({}, { drops: 3 })).toBeNull();
    expect(growth(undefined, snapshot(1), ({ drops }) => drops)).toBeNull();
  });

  test("give a rate over the time between two samples, and none over a hole", () => {
    const moments = momentsOf([old(0, { drops: 0 }), old(5, { drops: 10 }), live(6, { drops: 12 }), live(60, { drops: 90 }), live(61, { drops: 1 })]);
    expect(perSecond(moments, ({ drops }) => drops)).toEqual([null, 2, 2, null, null, null]);
  });

  test("give how sessions ended, also of a kind that is new and over a restart", () => {
    const over = (...samples: Sample[]) => total(endsOver(samples).values());
    expect(over()).toEqual({ completed: 0, failed: 0, cancelled: 0 });
    expect(over(live(0), live(9, kinds(3, 1)))).toMatchObject({ completed: 3, failed: 1 });
    expect(over(live(0, kinds(50, 0)), live(5, kinds(52, 0)), live(9, kinds(3, 1)))).toMatchObject({ completed: 5, failed: 1 });
  });

  test("of several servers do not grow by what one has that came or went", () => {
    const of = (servers: string[], completed: number): object => ({ drops: completed, ...kinds(completed, 0), members: servers.map((one) => ({ member: one, incarnation: `${one}1` })) });
    const samples = [live(0, of(["a", "b"], 50)), live(1, of(["a", "b"], 52)), live(2, of(["a"], 20)), live(3, of(["a"], 21)), live(4, of(["a", "b"], 60))];
    expect(total(endsOver(samples).values())).toMatchObject({ completed: 3 });
    expect(perSecond(momentsOf(samples), ({ drops }) => drops)).toEqual([null, 2, null, 1, null]);
    expect(samples[0]?.at.members[0]).toMatchObject({ member: "a", connections: null });
  });
});

describe("charts", () => {
  test("stand on each other where they are parts of a whole, and break at a hole", () => {
    const line = (values: (number | null)[]) => ({ label: "x", colour: "--running", values });
    const lines = [line([1, null, 2]), line([3, null, 4]), line([5, null, 0])];
    expect(columns([1, 2, 3], { lines, shape: "areas" })).toEqual([[1, 2, 3], [1, null, 2], [4, null, 6], [9, null, 6]]);
    expect(columns([1], { lines: [line([1]), line([3])] })).toEqual([[1], [1], [3]]);
  });

  test("draw bars tallest first, and nothing of one that is at zero", () => {
    const line = (values: (number | null)[]) => ({ label: "x", colour: "--running", values });
    expect(columns([1, 2], { lines: [line([4, 1]), line([0, 2]), line([1, 0])], shape: "bars" })).toEqual([[1, 2], [5, null], [null, 3], [4, 1]]);
  });

  test("count what ended in each bar as a rate per minute", () => {
    const { times: at, lines } = endsChart([live(0, kinds(0, 0)), live(10, kinds(2, 0)), live(40, kinds(3, 1))], 30);
    expect(at).toEqual([15, 45]);
    expect(lines.map(({ label, values }) => [label, values])).toEqual([["completed", [4, 2]], ["failed", [0, 2]], ["cancelled", [0, 0]]]);
  });

  test("have ticks in round units", () => {
    expect(INCREMENTS.ms).toContain(15_000);
    expect(INCREMENTS.ms).toContain(60_000);
    expect(INCREMENTS.bytes?.every((step) => Number.isInteger(Math.log2(step)))).toBe(true);
  });

  test("have room above, and are never without a height", () => {
    expect(top(null, "count")).toBe(4);
    expect(top(0, "bytes/s")).toBe(1024);
    expect(top(100, "rate")).toBeCloseTo(110);
    expect(top(3, "percent", 100)).toBe(100);
  });

  test("show the kinds with the most, and the rest together", () => {
    const connections = Object.fromEntries("abcdefgh".split("").map((name, place) => [name, place + 1]));
    const chart = health(momentsOf([live(0, { connections })])).find(({ id }) => id === "connections");
    expect(chart?.lines.map(({ label }) => label)).toEqual(["d", "e", "f", "g", "h", "others"]);
    expect(chart?.lines.at(-1)?.values).toEqual([6]);
  });

  test("say so when there is nothing to show", () => {
    const moments = momentsOf([live(0)]);
    const charts: ChartData[] = [...keepingUp(moments), ...failing(moments, [live(0)], 30), ...health(moments)];
    expect(charts.filter(isEmpty).map(({ id }) => id)).toEqual(["answers", "ends", "start-done", "lag", "commit", "memory", "connections", "drops", "tick-time"]);
  });

  test("are tables, too: a row for each minute, the newest first", () => {
    const line = { label: "x", colour: "--running", values: [1, 2, 3, null, 5] };
    expect(minutes([60, 119, 121, 180, 181], [line])).toEqual([{ at: 181, cells: [5] }, { at: 121, cells: [3] }, { at: 119, cells: [2] }]);
  });
});

describe("tiles", () => {
  const all = (samples: Sample[], waiting: ReturnType<typeof waitingOf> | null = null) => Object.values(tilesOf(samples, "15 min", waiting)).flat();
  const tile = (id: string, samples: Sample[], waiting: ReturnType<typeof waitingOf> | null = null) => all(samples, waiting).find((one) => one.id === id);

  test("are there once there is a sample", () => {
    expect(all([])).toEqual([]);
    expect(all([live(0)])).toHaveLength(13);
  });

  test("agree with the table of kinds", () => {
    const samples = [live(0, kinds(0, 0)), live(9, kinds(9, 1))];
    expect(tile("success", samples)).toMatchObject({ value: "90 %", note: "1 of 10 failed" });
    expect([tile("completed", samples)?.value, tile("failed", samples)?.value]).toEqual(["9", "1"]);
    expect(endsOver(samples).get("a")).toEqual({ completed: 9, failed: 1, cancelled: 0 });
  });

  test("name the question that has been open longest, and count sessions once", () => {
    const asked = (session_id: string, task: string, asked_at: number) => ({ session_id, task, asked_at });
    const { at } = live(0, { sessions: { waiting_input: 3 } });
    const waiting = waitingOf([asked("s1", "pay", at.time - 5), asked("s2", "ship", at.time - 90), asked("s3", "pay", at.time - 7), asked("s3", "pay", at.time - 1)]);
    expect(waiting.kinds).toEqual([{ task: "pay", number: 2 }, { task: "ship", number: 1 }]);
    const samples = [live(0, { sessions: { waiting_input: 3 } })];
    expect(tile("longest", samples, waiting)).toMatchObject({ value: "1.5 min", note: "ship", href: "/app/tasks/s2" });
    expect(tile("longest", [live(0)], waitingOf([]))).toMatchObject({ value: "–", note: "nobody is needed" });
  });

  test.each([[1, "plain"], [60, "warn"], [900, "bad"]])("say that a loop lag of %i ms is %s", (p99, tone) => {
    expect(tile("lag", [live(0, { latency_ms: { loop_lag: { p99 } } })])?.tone).toBe(tone);
  });

  test("look only at the last minute of what was left out", () => {
    expect(tile("drops", [old(0, { drops: 0 }), old(5, { drops: 9 }), old(90, { drops: 9 })])).toMatchObject({ value: "0", tone: "plain" });
    expect(tile("drops", [old(80, { drops: 0 }), old(90, { drops: 9 })])).toMatchObject({ tone: "warn" });
  });

  test("have a small line that breaks where a number is missing", () => {
    expect(path([1, 2])).toBe("");
    expect(path([5, 5, 5])).toBe("M0.0 12.0L50.0 12.0L100.0 12.0");
    expect(path([0, 1, null, 0, 1])).toBe("M0.0 23.0L25.0 1.0M75.0 23.0L100.0 1.0");
  });
});

test.each([
  [null, "ms", "–"], [0, "ms", "0"], [0.05, "ms", "50 µs"], [12.34, "ms", "12.3 ms"], [1500, "ms", "1.5 s"], [90_000, "ms", "1.5 min"], [7_200_000, "ms", "2 h"],
  [0, "bytes", "0 B"], [1536, "bytes", "1.5 KiB"], [70e6, "bytes", "66.8 MiB"], [2048, "bytes/s", "2 KiB/s"],
  [1234, "count", "1,234"], [12_345, "count", "12.3k"], [2_500_000, "rate", "2.5M/s"], [97.56, "percent", "97.6 %"], [99.95, "percent", "99.95 %"], [99.999, "percent", "99.99 %"], [100, "percent", "100 %"],
] as const)("%s in %s is %s", (value, unit, words) => {
  expect(inUnit(value, unit)).toBe(words);
});

test("a range stands in the address, the usual one does not", () => {
  for (const range of RANGES) expect(rangeOf(new URLSearchParams(queryOf(range)))).toBe(range);
  expect(rangeOf(new URLSearchParams("range=2y")).id).toBe("15m");
  expect(queryOf(rangeOf(new URLSearchParams()))).toBe("");
});

describe("the connection", () => {
  let connection: MetricsConnection;
  let got: number[];
  let phases: Connection["phase"][];

  const watch = (): void => {
    [got, phases] = [[], []];
    const client = createClient({ baseUrl: "http://x", WebSocket: FakeSocket, fetch: fakeFetch({}).fetch, random: () => 0.5 });
    connection = client.watchMetrics({ clientId: "the page", onSnapshot: ({ time }) => got.push(time), onConnection: ({ phase }) => phases.push(phase) });
  };
  const told = (time: number): object => ({ type: "system.health_check", timestamp: "2026-11-20T12:00:00Z", data: { time, rates: {} } });

  beforeEach(() => {
    vi.useFakeTimers();
    FakeSocket.made = [];
    watch();
  });
  afterEach(() => {
    connection.close();
    vi.useRealTimers();
  });

  test("tells snapshots, and nothing else that comes", () => {
    expect(FakeSocket.last.url).toBe("ws://x/api/v1/websocket/ws/metrics?client_id=the+page");
    FakeSocket.last.open().tell({ type: "connection.established", data: {} }, told(1), { type: "system.health_check", timestamp: "2026-11-20T12:00:00Z", data: { text: "a broadcast" } }, told(2));
    FakeSocket.last.onmessage?.({ data: "{" } as never);
    expect(got).toEqual([1, 2]);
  });

  test("measures the round trip", () => {
    FakeSocket.last.open();
    expect(FakeSocket.last.sent[0]?.action).toBe("ping");
    FakeSocket.last.tell({ type: "pong", timestamp: Date.now() / 1000 - 0.02 });
    expect(connection.connection.roundTrip).toBeCloseTo(20, 0);
  });

  test("comes back after a code below 4500, and stays away after one above until it is told to", async () => {
    FakeSocket.last.open().end(4410);
    expect(phases.at(-1)).toBe("reconnecting");
    await vi.advanceTimersByTimeAsync(500);
    expect(FakeSocket.made).toHaveLength(2);
    FakeSocket.last.open().tell(told(1)).end(4509);
    expect(phases.at(-1)).toBe("stopped");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSocket.made).toHaveLength(2);
    connection.reconnect();
    expect(FakeSocket.made).toHaveLength(3);
  });

  test("is stale after some silence, and made anew after more", async () => {
    FakeSocket.last.open().tell(told(1));
    await vi.advanceTimersByTimeAsync(4100);
    expect(phases.at(-1)).toBe("stale");
    FakeSocket.last.tell(told(2));
    expect(phases.at(-1)).toBe("live");
    await vi.advanceTimersByTimeAsync(13_000);
    expect(FakeSocket.made.length).toBeGreaterThan(1);
    expect(FakeSocket.made[0]?.dropped).toBe(true);
  });

  test("is left for good", async () => {
    FakeSocket.last.open();
    connection.close();
    const before = phases.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSocket.made).toHaveLength(1);
    expect(phases).toHaveLength(before);
  });
});

test("the history is asked for over HTTP", async () => {
  const fake = fakeFetch({ "GET /api/v1/metrics/history?seconds=900": { body: { interval: 5, snapshots: [{ time: 3, rates: {} }] } } });
  const client = createClient({ baseUrl: "http://x", fetch: fake.fetch });
  expect((await client.metrics.history(900)).map(({ time }) => time)).toEqual([3]);
});
