/** A chart's drawing: what uPlot is told. */

import uPlot from "uplot";
import type { ChartData, Line } from "./charts";
import { inUnit, type Unit } from "../../ui/units";
import { WINDOW_SECONDS } from "./samples";

const HEIGHT = 190;
const TOGETHER = "metrics";

type Palette = (name: string, alpha?: number) => string;

/** The columns as they are drawn: with lines that stand on each other, each is the sum of itself and those below. */
export function columns(times: readonly number[], lines: readonly Line[], isStacked: boolean): uPlot.AlignedData {
  let below: readonly (number | null)[] | null = null;
  const rows = lines.map(({ values }) => {
    const under = below;
    const row = isStacked && under ? values.map((value, place) => (value === null ? null : value + (under[place] ?? 0))) : [...values];
    below = row;
    return row;
  });
  return [[...times], ...rows];
}

/** The greatest number of a scale: room above what is drawn, and never nothing. */
export function top(greatest: number | null, unit: Unit, most?: number): number {
  if (most !== undefined) return most;
  const least = unit === "count" ? 4 : unit === "bytes/s" || unit === "bytes" ? 1024 : 1;
  return Math.max(least, (greatest ?? 0) * 1.1);
}

function series({ label, colour, dash }: Line, place: number, isStacked: boolean, palette: Palette): uPlot.Series {
  return {
    label,
    stroke: palette(colour),
    width: isStacked ? 1.5 : 2,
    ...(dash && !isStacked && { dash: [...dash] }),
    ...(isStacked && place === 0 && { fill: palette(colour, 0.28) }),
    spanGaps: false,
    points: { size: 4, fill: palette(colour) },
  };
}

interface Wanted {
  chart: ChartData;
  palette: Palette;
  width: number;
  font: string;
  /** Hears over which moment the pointer stands, in this chart or another. */
  onPlace: (place: number | null) => void;
}

export function optionsFor({ chart, palette, width, font, onPlace }: Wanted): uPlot.Options {
  const { lines, unit, most, isStacked = false } = chart;
  const axis: uPlot.Axis = {
    stroke: palette("--soft"),
    font,
    grid: { stroke: palette("--line"), width: 1 },
    ticks: { stroke: palette("--line"), width: 1, size: 4 },
  };
  const bands = lines.slice(1).map(({ colour }, place): uPlot.Band => ({ series: [place + 2, place + 1], fill: palette(colour, 0.28) }));
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
      x: { time: true, range: (_plot, _least, last) => [last - WINDOW_SECONDS, last] },
      y: { range: (_plot, _least, greatest) => [0, top(greatest, unit, most)] },
    },
    axes: [
      { ...axis, values: (_plot, splits) => splits.map(hourAndMinute), space: 64, size: 28 },
      { ...axis, values: (_plot, splits) => splits.map((split) => inUnit(split, unit)), size: 72, space: 32, ...(unit === "count" && { incrs: WHOLE }) },
    ],
    series: [{}, ...lines.map((line, place) => series(line, place, isStacked, palette))],
    ...(isStacked && { bands }),
    hooks: { setCursor: [(plot) => onPlace(plot.cursor.idx ?? null)] },
  };
}

const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6];

function hourAndMinute(at: number): string {
  const date = new Date(at * 1000);
  return `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
}
