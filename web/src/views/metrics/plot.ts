/** A chart's drawing: what uPlot is told. */

import uPlot from "uplot";
import type { ChartData, Line } from "./charts";
import { inUnit, type Unit } from "../../ui/units";

const HEIGHT = 190;
const TOGETHER = "metrics";

type Palette = (name: string, alpha?: number) => string;

/**
 * The columns as they are drawn. With areas that stand on each other, each is the sum of itself and those below. Bars are
 * drawn over each other, the tallest first; one at zero is none, so that no edge of it shows.
 */
export function columns(times: readonly number[], { lines, shape }: Pick<ChartData, "lines" | "shape">): uPlot.AlignedData {
  if (shape === undefined) return [[...times], ...lines.map(({ values }) => [...values])];
  const sums = times.map(() => 0);
  const rows = lines.map(({ values }) =>
    values.map((value, place) => {
      if (value === null) return null;
      sums[place] = (sums[place] ?? 0) + value;
      return shape === "bars" && value === 0 ? null : (sums[place] ?? 0);
    }),
  );
  return [[...times], ...(shape === "bars" ? rows.reverse() : rows)];
}

/** The greatest number of a scale: room above what is drawn, and never nothing. */
export function top(greatest: number | null, unit: Unit, most?: number): number {
  if (most !== undefined) return most;
  const least = unit === "count" || unit === "perMinute" ? 4 : unit === "bytes/s" || unit === "bytes" ? 1024 : 1;
  return Math.max(least, (greatest ?? 0) * 1.1);
}

/** A line. Areas and bars have no edge of their own: the edge of one at zero would outline the one below it. */
function series({ label, colour, dash }: Line, place: number, shape: ChartData["shape"], palette: Palette): uPlot.Series {
  if (shape === "bars") return { label, width: 0, fill: palette(colour), paths: BARS, points: { show: false } };
  if (shape === "areas") return { label, width: 0, ...(place === 0 && { fill: palette(colour, AREA) }), spanGaps: false, points: { show: false } };
  return { label, stroke: palette(colour), width: 2, ...(dash && { dash: [...dash] }), spanGaps: false, points: { size: 4, fill: palette(colour) } };
}

/** How much of its colour an area has. */
const AREA = 0.8;
const BARS = uPlot.paths.bars?.({ size: [0.82, 40], radius: 0.12 });

interface Wanted {
  chart: ChartData;
  palette: Palette;
  width: number;
  font: string;
  /** How many seconds are shown. */
  seconds: number;
  /** Hears over which moment the pointer stands, in this chart or another. */
  onPlace: (place: number | null) => void;
}

export function optionsFor({ chart, palette, width, font, seconds, onPlace }: Wanted): uPlot.Options {
  const { unit, most, shape, pad = 0 } = chart;
  const lines = shape === "bars" ? [...chart.lines].reverse() : chart.lines;
  const axis: uPlot.Axis = {
    stroke: palette("--soft"),
    font,
    grid: { stroke: palette("--line"), width: 1 },
    ticks: { stroke: palette("--line"), width: 1, size: 4 },
  };
  const bands = lines.slice(1).map(({ colour }, place): uPlot.Band => ({ series: [place + 2, place + 1], fill: palette(colour, AREA) }));
  return {
    width,
    height: HEIGHT,
    padding: [10, 12, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: TOGETHER, setSeries: false },
      drag: { x: false, y: false, setScale: false },
      y: false,
      points: { size: 7, width: 2 },
      focus: { prox: -1 },
    },
    scales: {
      x: { time: true, range: (_plot, _least, last) => [last + pad - seconds, last + pad] },
      y: { range: (_plot, _least, greatest) => [0, top(greatest, unit, most)] },
    },
    axes: [
      { ...axis, values: (_plot, splits) => splits.map(hourAndMinute), space: 64, size: 28, incrs: MINUTES },
      { ...axis, values: (_plot, splits) => splits.map((split) => inUnit(split, unit)), size: 72, space: 32, ...(INCREMENTS[unit] && { incrs: [...INCREMENTS[unit]] }) },
    ],
    series: [{}, ...lines.map((line, place) => series(line, place, shape, palette))],
    ...(shape === "areas" && { bands }),
    hooks: { setCursor: [(plot) => onPlace(plot.cursor.idx ?? null)] },
  };
}

const MINUTES = [60, 120, 300, 600, 900];
const DECADES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6];
const [SECOND, MINUTE, HOUR] = [1000, 60_000, 3_600_000];

/** The distances of ticks that are round in a unit. */
export const INCREMENTS: Partial<Record<Unit, readonly number[]>> = {
  count: DECADES,
  perMinute: DECADES,
  ms: [
    ...[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500],
    ...[1, 2, 5, 10, 15, 30].map((number) => number * SECOND), ...[1, 2, 5, 10, 15, 30].map((number) => number * MINUTE), ...[1, 2, 6, 12, 24, 48, 96].map((number) => number * HOUR),
  ],
  bytes: powers(), "bytes/s": powers(),
};

function powers(): number[] {
  return Array.from({ length: 50 }, (_, power) => 2 ** power);
}

function hourAndMinute(at: number): string {
  const date = new Date(at * 1000);
  return `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
}
