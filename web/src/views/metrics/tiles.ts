/** What the tiles say, made from the samples. */

import { momentsOf } from "./charts";
import { inUnit, money, type Unit } from "../../ui/units";
import { ROOT } from "../../shell/router";
import { endsOver, growth, isGap, modelsOver, states, sum, total, type Sample } from "./samples";
import type { Waiting } from "./waiting";

export type Tone = "plain" | "warn" | "bad";

export interface TileData {
  id: string;
  title: string;
  value: string;
  /** What stands below the number. */
  note: string;
  tone: Tone;
  /** What it counts, in a list. */
  href?: string;
  /** The last minutes, for a small line; none where that says nothing. */
  past: readonly (number | null)[];
}

/** From where on a number is worth a look, and from where on something is wrong. */
const LIMITS: Record<string, readonly [number, number]> = {
  "loop lag": [50, 250],
  commit: [50, 500],
  failures: [5, 20],
  drops: [0.001, 100],
};
const PAST = 180;
/** From that many rows on that wait to be written, it is worth saying. */
const MANY_ROWS = 1000;

function toneOf(name: keyof typeof LIMITS, value: number | null): Tone {
  const [warn, bad] = LIMITS[name] ?? [Infinity, Infinity];
  if (value === null || value < warn) return "plain";
  return value < bad ? "warn" : "bad";
}

const SAYS: Record<Tone, string> = { plain: "", warn: "higher than usual", bad: "far too high" };

/** The tiles below each question; empty while there is no sample. */
export interface Tiles {
  people: TileData[];
  work: TileData[];
  server: TileData[];
  /** Empty where no model was used. */
  models: TileData[];
}

/** Tiles of the latest sample and of the range that is shown. */
export function tilesOf(samples: readonly Sample[], range: string, waiting: Waiting | null = null): Tiles {
  const last = samples.at(-1)?.at;
  if (!last) return { people: [], work: [], server: [], models: [] };
  const recent = momentsOf(samples.slice(-PAST)).samples;
  const past = (read: (sample: Sample) => number | null): (number | null)[] => recent.map((sample) => sample && read(sample));
  const now = states(last);
  const { rates, latency_ms: latency } = last;
  const plain = (id: string, title: string, value: number | null, unit: Unit, note: string, read: (sample: Sample) => number | null): TileData => ({
    id, title, value: inUnit(value, unit), note, tone: "plain", past: past(read),
  });
  const slow = (id: string, title: string, name: keyof typeof LIMITS, value: number | null, note: string, read: (sample: Sample) => number | null): TileData => {
    const tone = toneOf(name, value);
    return { ...plain(id, title, value, "ms", SAYS[tone] || note, read), tone };
  };
  return {
    people: [
      { ...plain("waiting", "Waiting for people", now.waiting, "count", now.waiting === 1 ? "session with an open question" : "sessions with an open question", ({ at }) => states(at).waiting), href: `${ROOT}/tasks?status=waiting` },
      longest(waiting, now.waiting, last.time),
      plain("answers", "Time to answer", latency.human_wait.p50, "ms", latency.human_wait.p95 === null ? "no answers in the last minute" : `median; 95 % within ${inUnit(latency.human_wait.p95, "ms")}`, ({ at }) => at.latency_ms.human_wait.p50),
      plain("queued", "Queued", now.queued, "count", `${inUnit(now.running, "count")} running`, ({ at }) => states(at).queued),
    ],
    work: [success(samples, range), ...ends(samples, range)],
    server: [
      slow("lag", "Event loop lag, p99", "loop lag", latency.loop_lag.p99, "delay before a worker runs", ({ at }) => at.latency_ms.loop_lag.p99),
      slow("commit", "Commit, p99", "commit", latency.commit.p99, commits(last.store), ({ at }) => at.latency_ms.commit.p99),
      plain("memory", "Memory", last.rss_bytes, "bytes", processor(samples), ({ at }) => at.rss_bytes),
      { ...plain("connections", "Connections", sum(last.connections), "count", `${inUnit(rates.messages_out, "rate")} messages out`, ({ at }) => sum(at.connections)), href: `${ROOT}/connections` },
      drops(samples),
    ],
    models: modelTiles(samples, range),
  };
}

/** The question that has been open longest. */
function longest(waiting: Waiting | null, number: number, now: number): TileData {
  // The number may be a moment older than the list.
  const none = number === 0;
  const first = none ? null : waiting?.longest;
  const value = none ? "–" : first ? inUnit(Math.max(0, Math.floor(now - first.since)) * 1000, "ms") : "…";
  const note = none ? "nobody is needed" : first ? first.task : "loading";
  return { id: "longest", title: "Longest wait", value, note, tone: "plain", past: [], ...(first && { href: `${ROOT}/tasks/${first.session}` }) };
}

function ends(samples: readonly Sample[], range: string): TileData[] {
  const { completed, failed, cancelled } = total(endsOver(samples).values());
  const tile = (id: string, title: string, value: number, href: string): TileData => ({ id, title, value: inUnit(value, "count"), note: `in the last ${range}`, tone: "plain", past: [], href });
  return [
    tile("completed", "Completed", completed, `${ROOT}/tasks?status=completed`),
    { ...tile("failed", "Failed", failed, `${ROOT}/tasks?status=failed`), tone: failed > 0 ? "warn" : "plain" },
    tile("cancelled", "Cancelled", cancelled, `${ROOT}/tasks?status=cancelled`),
  ];
}

function commits({ commits_per_second: commits, rows_per_commit: rows, unwritten_rows: waiting }: Sample["at"]["store"]): string {
  if (waiting !== null && waiting > MANY_ROWS) return `${inUnit(waiting, "count")} rows not written yet`;
  if (!commits) return "nothing to write";
  return `${inUnit(commits, "rate")}${rows ? `, ${inUnit(rows, "count")} rows each` : ""}`;
}

/** Cancelled ones count neither way: a person wanted that. */
function success(samples: readonly Sample[], range: string): TileData {
  const { completed, failed } = total(endsOver(samples).values());
  const ended = completed + failed;
  const share = ended > 0 ? (failed / ended) * 100 : null;
  const note = ended === 0 ? `nothing ended in the last ${range}` : `${inUnit(failed, "count")} of ${inUnit(ended, "count")} failed`;
  return { id: "success", title: "Success", value: inUnit(share === null ? null : 100 - share, "percent"), note, tone: toneOf("failures", share), past: [] };
}

/** What models used in the range that is shown. */
function modelTiles(samples: readonly Sample[], range: string): TileData[] {
  const last = samples.at(-1)?.at.models;
  if (!last || (last.turns === 0 && last.rate_limited === 0)) return [];
  const used = modelsOver(samples);
  const note = `in the last ${range}`;
  const tile = (id: string, title: string, value: string, more: Partial<TileData> = {}): TileData => ({ id, title, value, note, tone: "plain", past: [], ...more });
  const tokens = used.prompt_tokens + used.completion_tokens;
  return [
    tile("tokens", "Tokens", inUnit(tokens, "count"), { note: tokens === 0 ? note : `${inUnit(used.prompt_tokens, "count")} sent, ${inUnit(used.completion_tokens, "count")} written` }),
    tile("cost", "Cost", money(used.cost), { note: `${money(last.cost)} since the start` }),
    tile("turns", "Replies", inUnit(used.turns, "count"), { note: `${inUnit(used.tool_calls, "count")} tool calls` }),
    tile("rate-limited", "Refused for now (429)", inUnit(used.rate_limited, "count"), { tone: used.rate_limited > 0 ? "warn" : "plain", note: used.rate_limited > 0 ? "their servers were asked too often" : note }),
  ];
}

/** Those of the last minute. */
function drops(samples: readonly Sample[]): TileData {
  const last = samples.at(-1)?.at;
  const from = samples.find(({ at }) => at.time >= (last?.time ?? 0) - 60)?.at;
  const grown = growth(from, last, (at) => at.drops);
  const tone = toneOf("drops", grown);
  return { id: "drops", title: "Dropped messages", value: inUnit(grown, "count"), note: grown ? "in the last minute: clients read slowly" : `in the last minute; ${inUnit(last?.drops, "count")} since the start`, tone, past: [] };
}

/** How busy the processor was between the last two samples, in percent of one core. */
function processor(samples: readonly Sample[]): string {
  const [before, last] = samples.slice(-2);
  const whose = last && last.at.members.length > 1 ? `of ${last.at.members.length} servers` : "of this server";
  if (!before || !last || isGap(before, last)) return whose;
  const grown = growth(before.at, last.at, (at) => at.cpu_seconds);
  return grown === null ? whose : `CPU ${inUnit((grown / Math.max(0.001, last.at.time - before.at.time)) * 100, "percent")} of a core`;
}

const WIDTH = 100;
const HEIGHT = 24;

/** The small line's path, broken where a number is missing; empty where there is too little. */
export function path(past: readonly (number | null)[]): string {
  const known = past.filter((value) => value !== null);
  if (known.length < 3) return "";
  const most = Math.max(...known);
  const least = Math.min(...known);
  const height = most - least || 1;
  let pen = "M";
  const steps: string[] = [];
  past.forEach((value, place) => {
    if (value === null) {
      pen = "M";
      return;
    }
    const y = most === least ? HEIGHT / 2 : HEIGHT - 1 - ((value - least) / height) * (HEIGHT - 2);
    steps.push(`${pen}${((place / (past.length - 1)) * WIDTH).toFixed(1)} ${y.toFixed(1)}`);
    pen = "L";
  });
  return steps.join("");
}
