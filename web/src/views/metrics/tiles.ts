/** What the tiles say, made from the samples. */

import { momentsOf } from "./charts";
import { inUnit, type Unit } from "../../ui/units";
import { growth, isGap, overall, states, sum, type Sample } from "./samples";

export type Tone = "plain" | "warn" | "bad";

export interface TileData {
  id: string;
  title: string;
  value: string;
  /** What stands below the number. */
  note: string;
  tone: Tone;
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

const SAYS: Record<Tone, string> = { plain: "", warn: "higher than usual", bad: "much too high" };

/** Tiles of the latest sample; an empty list while there is none. */
export function tilesOf(samples: readonly Sample[]): TileData[] {
  const last = samples.at(-1)?.at;
  if (!last) return [];
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
  return [
    plain("sessions", "Sessions under way", sum(now), "count", `${now.running} running, ${now.queued} queued${now.cancelling ? `, ${now.cancelling} cancelling` : ""}`, ({ at }) => sum(states(at))),
    plain("waiting", "Waiting for people", now.waiting, "count", latency.human_wait.p50 === null ? "questions that are open" : `half are answered within ${inUnit(latency.human_wait.p50, "ms")}`, ({ at }) => states(at).waiting),
    success(samples),
    plain("executions", "Executions", rates.sessions_started, "rate", `${inUnit(rates.sessions_ended, "rate")} end`, ({ at }) => at.rates.sessions_started),
    plain("connections", "Connections", sum(last.connections), "count", `${Object.values(last.connections).filter((one) => one > 0).length} kinds of socket`, ({ at }) => sum(at.connections)),
    plain("messages", "Messages out", rates.messages_out, "rate", `${inUnit(rates.messages_in, "rate")} in, ${inUnit(rates.events, "rate")} events`, ({ at }) => at.rates.messages_out),
    slow("commit", "Commit, p99", "commit", latency.commit.p99, commits(last.store), ({ at }) => at.latency_ms.commit.p99),
    slow("lag", "Loop lag, p99", "loop lag", latency.loop_lag.p99, "how late a worker gets to its work", ({ at }) => at.latency_ms.loop_lag.p99),
    drops(samples),
    plain("memory", "Memory", last.rss_bytes, "bytes", processor(samples), ({ at }) => at.rss_bytes),
  ];
}

function commits({ commits_per_second: commits, rows_per_commit: rows, unwritten_rows: waiting }: Sample["at"]["store"]): string {
  if (waiting !== null && waiting > MANY_ROWS) return `${inUnit(waiting, "count")} rows wait`;
  if (!commits) return "nothing is written";
  return `${inUnit(commits, "rate")}${rows ? `, ${inUnit(rows, "count")} rows each` : ""}`;
}

function success(samples: readonly Sample[]): TileData {
  const { ended, well } = overall(samples);
  const failed = ended > 0 ? ((ended - well) / ended) * 100 : null;
  const tone = toneOf("failures", failed);
  const note = ended === 0 ? "nothing has ended yet" : `${ended - well} of ${ended} have failed`;
  return { id: "success", title: "Success, 15 min", value: inUnit(failed === null ? null : 100 - failed, "percent"), note, tone, past: [] };
}

/** Those of the last minute count; the number shown is that since the start. */
function drops(samples: readonly Sample[]): TileData {
  const last = samples.at(-1)?.at;
  const from = samples.find(({ at }) => at.time >= (last?.time ?? 0) - 60)?.at;
  const grown = growth(from?.drops, last?.drops);
  const tone = toneOf("drops", grown);
  return { id: "drops", title: "Left out", value: inUnit(last?.drops, "count"), note: grown ? `${inUnit(grown, "count")} within a minute: clients read slowly` : "none within a minute", tone, past: [] };
}

/** How busy the processor was between the last two samples, in percent of one core. */
function processor(samples: readonly Sample[]): string {
  const [before, last] = samples.slice(-2);
  if (!before || !last || isGap(before, last)) return "of this server";
  const grown = growth(before.at.cpu_seconds, last.at.cpu_seconds);
  return grown === null ? "of this server" : `processor ${inUnit((grown / Math.max(0.001, last.at.time - before.at.time)) * 100, "percent")} of a core`;
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
