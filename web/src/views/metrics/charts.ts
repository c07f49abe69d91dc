/** What each chart shows: rows of numbers over the same moments, made from the samples. */

import type { Percentiles, Snapshot } from "@callboard/client";
import { ENDS, endsBetween, growth, isGap, STATES, states, total, type Ends, type Sample } from "./samples";
import type { Unit } from "../../ui/units";

export type Cell = number | null;

/** A line of a chart. */
export interface Line {
  label: string;
  /** The name of a colour in the style sheet. */
  colour: string;
  /** Dashes, so that it can be told from others without its colour. */
  dash?: readonly number[];
  values: readonly Cell[];
}

/** A chart. */
export interface ChartData {
  id: string;
  title: string;
  unit: Unit;
  /** Lines; or areas or bars that stand on each other. */
  shape?: "areas" | "bars";
  /** The top of its scale, where that is always the same. */
  most?: number;
  /** What to say while no line has a number. */
  none: string;
  lines: readonly Line[];
  /** Its own moments, where they are not those of the samples. */
  times?: readonly number[];
  /** Seconds that are shown after its last moment. */
  pad?: number;
}

/** Moments in seconds, and for each the sample, or null where a line must break. */
export interface Moments {
  times: readonly number[];
  samples: readonly (Sample | null)[];
}

/** The moments of the samples, with a break wherever something is missing. */
export function momentsOf(samples: readonly Sample[]): Moments {
  const times: number[] = [];
  const row: (Sample | null)[] = [];
  samples.forEach((sample, place) => {
    const before = samples[place - 1];
    if (before && isGap(before, sample)) {
      times.push((before.at.time + sample.at.time) / 2);
      row.push(null);
    }
    times.push(sample.at.time);
    row.push(sample);
  });
  return { times, samples: row };
}

const DASHES: readonly (readonly number[] | undefined)[] = [undefined, [7, 4], [2, 3], [10, 3, 2, 3]];
const COLOURS = ["--chart-1", "--chart-2", "--chart-3", "--chart-4", "--chart-5", "--chart-6"];
/** More kinds than that in one chart cannot be told from each other. */
const MOST_LINES = 6;

const each = ({ samples }: Moments, read: (at: Snapshot) => Cell): Cell[] => samples.map((sample) => (sample ? read(sample.at) : null));
const colour = (place: number): string => COLOURS[place % COLOURS.length] ?? "--chart-1";

function percentiles(moments: Moments, read: (at: Snapshot) => Percentiles, which: readonly (keyof Percentiles)[] = ["p50", "p95", "p99"]): Line[] {
  const colours = { p50: "--running", p95: "--chart-2", p99: "--failed" };
  return which.map((name, place) => ({ label: name, colour: colours[name], dash: DASHES[place], values: each(moments, (at) => read(at)[name]) }));
}

/** The names that occur, those with the most first. */
function names(samples: readonly (Sample | null)[], read: (at: Snapshot) => Record<string, number>): string[] {
  const most = new Map<string, number>();
  for (const sample of samples) for (const [name, value] of Object.entries(sample ? read(sample.at) : {})) most.set(name, Math.max(most.get(name) ?? 0, value));
  return [...most].filter(([, value]) => value > 0).sort(([one, a], [other, b]) => b - a || one.localeCompare(other)).map(([name]) => name);
}

/** Lines by name; what is too much for one chart becomes "others". */
function byName(moments: Moments, read: (at: Snapshot) => Record<string, number>): Line[] {
  const all = names(moments.samples, read);
  // The order must not change while one looks: by name, not by number.
  const shown = (all.length > MOST_LINES ? all.slice(0, MOST_LINES - 1) : all).sort();
  const rest = all.filter((name) => !shown.includes(name));
  const lines: Line[] = shown.map((name, place) => ({ label: name, colour: colour(place), dash: DASHES[place % 4], values: each(moments, (at) => read(at)[name] ?? 0) }));
  if (rest.length > 0) lines.push({ label: "others", colour: "--line-strong", values: each(moments, (at) => rest.reduce((sum, name) => sum + (read(at)[name] ?? 0), 0)) });
  return lines;
}

/** How much a counter grows a second. */
export function perSecond({ samples }: Moments, read: (at: Snapshot) => number | null): Cell[] {
  return samples.map((sample, place) => {
    const before = samples[place - 1];
    if (!sample || !before) return null;
    const grown = growth(before.at, sample.at, read);
    return grown === null ? null : grown / Math.max(0.001, sample.at.time - before.at.time);
  });
}

/** One colour for each state and outcome, on this page and everywhere else. */
const STATE_COLOURS = { queued: "--queued", running: "--running", waiting: "--waiting-edge", cancelling: "--line-strong" } as const;
const END_COLOURS = { completed: "--completed", failed: "--failed", cancelled: "--line-strong" } as const;

/** Sessions that ended, in bars of so many seconds, as a rate per minute. The last bar grows while its time goes on. */
export function endsChart(samples: readonly Sample[], bar: number): ChartData {
  const bars = new Map<number, Ends>();
  samples.forEach(({ at }, place) => {
    const before = samples[place - 1];
    if (!before) return;
    const slot = Math.floor(at.time / bar) * bar;
    bars.set(slot, total([bars.get(slot) ?? { completed: 0, failed: 0, cancelled: 0 }, ...endsBetween(before.at, at).values()]));
  });
  const slots = [...bars].sort(([one], [other]) => one - other);
  return {
    id: "ends", title: "Ended per minute, by outcome", unit: "perMinute", shape: "bars", none: "No session has ended yet.",
    times: slots.map(([slot]) => slot + bar / 2),
    pad: bar / 2,
    lines: ENDS.map((end) => ({ label: end, colour: END_COLOURS[end], values: slots.map(([, ends]) => (ends[end] * 60) / bar) })),
  };
}

/** Are people keeping up? */
export function keepingUp(moments: Moments): ChartData[] {
  return [
    {
      id: "sessions", title: "Sessions in progress, by state", unit: "count", shape: "areas", none: "No session is in progress.",
      lines: [...STATES].reverse().map((state) => ({ label: state, colour: STATE_COLOURS[state], values: each(moments, (at) => states(at)[state]) })),
    },
    { id: "answers", title: "Time to answer", unit: "ms", none: "Nobody has answered within the last minute.", lines: percentiles(moments, ({ latency_ms }) => latency_ms.human_wait) },
  ];
}

/** Is work failing? */
export function failing(moments: Moments, samples: readonly Sample[], bar: number): ChartData[] {
  return [
    endsChart(samples, bar),
    { id: "start-done", title: "Time from start to end", unit: "ms", none: "No session has ended within the last minute.", lines: percentiles(moments, ({ latency_ms }) => latency_ms.start_to_done) },
  ];
}

/** Is the server healthy? */
export function health(moments: Moments): ChartData[] {
  const pair = (ingoing: (at: Snapshot) => Cell, outgoing: (at: Snapshot) => Cell): Line[] => [
    { label: "in", colour: "--chart-2", dash: DASHES[1], values: each(moments, ingoing) },
    { label: "out", colour: "--running", values: each(moments, outgoing) },
  ];
  return [
    { id: "lag", title: "Event loop lag", unit: "ms", none: "Nothing is measured yet.", lines: percentiles(moments, ({ latency_ms }) => latency_ms.loop_lag) },
    { id: "commit", title: "Store commits", unit: "ms", none: "Nothing was committed within the last minute.", lines: percentiles(moments, ({ latency_ms }) => latency_ms.commit) },
    { id: "memory", title: "Memory", unit: "bytes", none: "The system does not report it.", lines: [{ label: "resident", colour: "--running", values: each(moments, ({ rss_bytes }) => rss_bytes) }] },
    { id: "connections", title: "Connections, by kind", unit: "count", shape: "areas", none: "No connections.", lines: byName(moments, ({ connections }) => connections) },
    { id: "messages", title: "Messages", unit: "rate", none: "No messages yet.", lines: pair(({ rates }) => rates.messages_in, ({ rates }) => rates.messages_out) },
    { id: "bytes", title: "Traffic", unit: "bytes/s", none: "No traffic yet.", lines: pair(({ rates }) => rates.bytes_in, ({ rates }) => rates.bytes_out) },
    { id: "drops", title: "Dropped for slow readers", unit: "rate", none: "Nothing is measured yet.", lines: [{ label: "dropped", colour: "--failed", values: perSecond(moments, ({ drops }) => drops) }] },
    { id: "ticks", title: "Live workflow iterations", unit: "rate", none: "No live workflows.", lines: [{ label: "iterations", colour: "--running", values: each(moments, ({ rates }) => rates.ticks) }] },
    { id: "tick-time", title: "Iteration time", unit: "ms", none: "No live workflows.", lines: percentiles(moments, ({ latency_ms }) => latency_ms.tick, ["p50", "p99"]) },
  ];
}

/** What do models use? Only where any was used. */
export function models(moments: Moments): ChartData[] {
  const perMinute = (read: (at: Snapshot) => number | null): Cell[] => perSecond(moments, read).map((value) => (value === null ? null : value * 60));
  const line = (label: string, colour: string, read: (at: Snapshot) => number | null, dash?: readonly number[]): Line => ({ label, colour, ...(dash && { dash }), values: perMinute(read) });
  return [
    {
      id: "tokens", title: "Tokens per minute", unit: "perMinute", none: "No model was used.",
      lines: [line("sent", "--chart-2", (at) => at.models?.prompt_tokens ?? null, DASHES[1]), line("written", "--running", (at) => at.models?.completion_tokens ?? null)],
    },
    {
      id: "model-calls", title: "Replies and refusals per minute", unit: "perMinute", none: "No model was used.",
      lines: [line("replies", "--completed", (at) => at.models?.turns ?? null), line("refused (429)", "--failed", (at) => at.models?.rate_limited ?? null, DASHES[1])],
    },
  ];
}

/** Whether a chart has something to show. Where all lines are at zero for sessions or connections, that is something, too. */
export function isEmpty({ lines }: ChartData): boolean {
  return lines.every(({ values }) => values.every((value) => value === null));
}

/** Rows of a table for a chart: the last sample of each minute, newest first. */
export function minutes(times: readonly number[], lines: readonly Line[]): { at: number; cells: Cell[] }[] {
  const rows: { at: number; cells: Cell[] }[] = [];
  for (let place = times.length - 1; place >= 0; place -= 1) {
    const at = times[place] ?? 0;
    const above = rows.at(-1);
    if (above && Math.floor(above.at / 60) === Math.floor(at / 60)) continue;
    const cells = lines.map(({ values }) => values[place] ?? null);
    if (cells.some((cell) => cell !== null)) rows.push({ at, cells });
  }
  return rows;
}

/** The last number of a line. */
export function latest({ values }: Line): Cell {
  return values.at(-1) ?? null;
}
