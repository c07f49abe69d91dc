/** Reads a snapshot from the wire. A server that does not know a number leaves it out, which must not break a page. */

import { record } from "../record.js";
import type { KindCounts, Latencies, MemberNumbers, ModelNumbers, Percentiles, Rates, Snapshot, WorkflowNumbers } from "./types.js";

type Fields = Record<string, unknown>;

const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const fields = (value: unknown): Fields => (isObject(value) ? value : {});
const list = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isObject) : []);
const number = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);

/** A moment as seconds since the epoch, from a number of them or from RFC 3339. */
export function momentOf(value: unknown): number | null {
  if (typeof value === "string") return number(Date.parse(value) / 1000);
  return number(value);
}

function numbers(value: unknown): Record<string, number> {
  return record(Object.entries(fields(value)).flatMap(([name, one]) => (number(one) === null ? [] : [[name, one as number] as const])));
}

function percentiles(value: unknown): Percentiles {
  const { p50, p95, p99 } = fields(value);
  return { p50: number(p50), p95: number(p95), p99: number(p99) };
}

function rates(value: unknown): Rates {
  const of = numbers(value);
  return {
    messages_in: of.messages_in ?? 0, messages_out: of.messages_out ?? 0, bytes_in: of.bytes_in ?? 0, bytes_out: of.bytes_out ?? 0,
    sessions_started: of.sessions_started ?? 0, sessions_ended: of.sessions_ended ?? 0, events: of.events ?? 0, ticks: of.ticks ?? 0,
  };
}

function latencies(value: unknown): Latencies {
  const of = fields(value);
  return {
    start_to_done: percentiles(of.start_to_done), commit: percentiles(of.commit), human_wait: percentiles(of.human_wait),
    queue_wait: percentiles(of.queue_wait), loop_lag: percentiles(of.loop_lag), tick: percentiles(of.tick),
  };
}

function kinds(value: unknown): Record<string, KindCounts> {
  const read = (one: unknown): KindCounts => {
    const of = numbers(one);
    return { started: of.started ?? 0, completed: of.completed ?? 0, failed: of.failed ?? 0, cancelled: of.cancelled ?? 0 };
  };
  return record(Object.entries(fields(value)).map(([name, one]) => [name, read(one)] as const));
}

function workflow(of: Fields): WorkflowNumbers {
  const slowest = list(of.slowest).map(({ node, ms }) => ({ node: String(node), ms: number(ms) ?? 0 }));
  return { id: String(of.id), rate: number(of.rate) ?? 0, tick_p50_us: number(of.tick_p50_us), tick_p99_us: number(of.tick_p99_us), slowest };
}

function models(value: unknown): ModelNumbers | null {
  if (!isObject(value)) return null;
  const of = numbers(value);
  return {
    turns: of.turns ?? 0, prompt_tokens: of.prompt_tokens ?? 0, completion_tokens: of.completion_tokens ?? 0, cost: of.cost ?? 0,
    rate_limited: of.rate_limited ?? 0, tool_calls: of.tool_calls ?? 0,
  };
}

function member(of: Fields): MemberNumbers {
  return {
    member: String(of.member), incarnation: String(of.incarnation), connections: number(of.connections), messages_out: number(of.messages_out),
    rss_bytes: number(of.rss_bytes), cpu_seconds: number(of.cpu_seconds),
  };
}

/** A snapshot; null where this is none: other events may come on the same socket. */
export function readSnapshot(value: unknown): Snapshot | null {
  const of = fields(value);
  const time = momentOf(of.time);
  if (time === null || !isObject(of.rates)) return null;
  const store = fields(of.store);
  return {
    time,
    sessions: numbers(of.sessions),
    connections: numbers(of.connections),
    rates: rates(of.rates),
    latency_ms: latencies(of.latency_ms),
    kinds: kinds(of.kinds),
    workflows: list(of.workflows).map(workflow),
    drops: number(of.drops),
    closes: numbers(of.closes),
    rss_bytes: number(of.rss_bytes),
    cpu_seconds: number(of.cpu_seconds),
    store: { commits_per_second: number(store.commits_per_second), rows_per_commit: number(store.rows_per_commit), unwritten_rows: number(store.unwritten_rows) },
    models: models(of.models),
    members: list(of.members).map(member),
  };
}

/** The snapshots of a history, oldest first. */
export function readHistory(value: unknown): Snapshot[] {
  const { snapshots } = fields(value);
  const read = (Array.isArray(snapshots) ? snapshots : []).map(readSnapshot).filter((one) => one !== null);
  return read.sort((one, other) => one.time - other.time);
}
