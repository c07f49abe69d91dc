/** What each chart shows: rows of numbers over the same moments, made from the samples. */

import { record, type Percentiles, type Snapshot } from "@callboard/client";
import { growth, isGap, outcomes, STATES, states, type Sample } from "./samples";
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
  /** Whether its lines stand on each other. */
  isStacked?: boolean;
  /** The top of its scale, where that is always the same. */
  most?: number;
  /** What to say while no line has a number. */
  none: string;
  lines: readonly Line[];
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
/** A rate of success is that of the sessions which ended within so many seconds. */
const SUCCESS_SECONDS = 60;

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
  if (rest.length > 0) lines.push({ label: "others", colour: "--cancelled", values: each(moments, (at) => rest.reduce((sum, name) => sum + (read(at)[name] ?? 0), 0)) });
  return lines;
}

/** The percentage of a kind's sessions that ended well, within the minute before each moment. */
export function successOf({ samples }: Moments, kind: string): Cell[] {
  let from = 0;
  return samples.map((sample, place) => {
    if (!sample) {
      // What was counted before a break may be another server's.
      from = place + 1;
      return null;
    }
    while (from < place && (samples[from]?.at.time ?? 0) < sample.at.time - SUCCESS_SECONDS) from += 1;
    const first = samples[from];
    const found = first ? outcomes(first.at, sample.at, kind) : null;
    return found && found.ended > 0 ? (found.well / found.ended) * 100 : null;
  });
}

/** How much a counter grows a second. */
export function perSecond({ samples }: Moments, read: (at: Snapshot) => number | null): Cell[] {
  return samples.map((sample, place) => {
    const before = samples[place - 1];
    if (!sample || !before) return null;
    const grown = growth(read(before.at), read(sample.at));
    return grown === null ? null : grown / Math.max(0.001, sample.at.time - before.at.time);
  });
}

const STATE_COLOURS = { queued: "--queued", running: "--running", waiting: "--waiting-edge", cancelling: "--cancelled" } as const;

function success(moments: Moments): Line[] {
  const ended = names(moments.samples, ({ kinds }) => record(Object.entries(kinds).map(([name, { completed, failed }]) => [name, completed + failed] as const)));
  return ended.slice(0, MOST_LINES).sort().map((kind, place) => ({ label: kind, colour: colour(place), dash: DASHES[place % 4], values: successOf(moments, kind) }));
}

function traffic(moments: Moments): ChartData[] {
  const pair = (ingoing: (at: Snapshot) => Cell, outgoing: (at: Snapshot) => Cell): Line[] => [
    { label: "in", colour: "--chart-2", dash: DASHES[1], values: each(moments, ingoing) },
    { label: "out", colour: "--running", values: each(moments, outgoing) },
  ];
  return [
    { id: "messages", title: "Messages", unit: "rate", none: "No message has passed yet.", lines: pair(({ rates }) => rates.messages_in, ({ rates }) => rates.messages_out) },
    { id: "bytes", title: "Bytes", unit: "bytes/s", none: "Nothing has passed yet.", lines: pair(({ rates }) => rates.bytes_in, ({ rates }) => rates.bytes_out) },
  ];
}

/** All charts, in the order of the page. */
export function chartsOf(moments: Moments): ChartData[] {
  return [
    {
      id: "sessions", title: "Sessions under way, by state", unit: "count", isStacked: true, none: "No session is under way.",
      lines: STATES.map((state) => ({ label: state, colour: STATE_COLOURS[state], values: each(moments, (at) => states(at)[state]) })),
    },
    { id: "start-done", title: "From start to done", unit: "ms", none: "No session has ended within a minute.", lines: percentiles(moments, ({ latency_ms }) => latency_ms.start_to_done) },
    { id: "success", title: "Success within a minute, by kind", unit: "percent", most: 100, none: "No session has ended within a minute.", lines: success(moments) },
    ...traffic(moments),
    { id: "connections", title: "Connections, by kind", unit: "count", isStacked: true, none: "Nobody is connected.", lines: byName(moments, ({ connections }) => connections) },
    {
      id: "ticks", title: "Iterations of live workflows", unit: "rate", none: "No workflow is live.",
      lines: [{ label: "iterations", colour: "--running", values: each(moments, ({ rates }) => rates.ticks) }],
    },
    { id: "tick-time", title: "Time of an iteration", unit: "ms", none: "No workflow is live.", lines: percentiles(moments, ({ latency_ms }) => latency_ms.tick, ["p50", "p99"]) },
    { id: "commit", title: "Commits of the store", unit: "ms", none: "Nothing was committed within a minute.", lines: percentiles(moments, ({ latency_ms }) => latency_ms.commit) },
    {
      id: "drops", title: "Messages left out for slow readers", unit: "rate", none: "Nothing is known of them yet.",
      lines: [{ label: "left out", colour: "--failed", values: perSecond(moments, ({ drops }) => drops) }],
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
