/** The last values over time. The library draws on a canvas, so that a change costs the same however long the line is. */

import { useEffect, useRef, type ReactNode } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { readSeries, seriesWords, type Series } from "./series";

const HEIGHT = 130;

export function Chart({ told }: { told: unknown }): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const series = readSeries(told);
  const data = useRef<Series>([[], []]);
  data.current = series ?? [[], []];
  useEffect(() => {
    const place = box.current;
    if (!place) return undefined;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsFor(place), data.current, place);
    };
    draw();
    const resized = new ResizeObserver(() => {
      if (plot.current && plot.current.width !== place.clientWidth && place.clientWidth > 0) plot.current.setSize({ width: place.clientWidth, height: HEIGHT });
    });
    resized.observe(place);
    // Colours are read when it is drawn: another theme needs another drawing.
    const themed = new MutationObserver(draw);
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", draw);
    return () => {
      resized.disconnect();
      themed.disconnect();
      system.removeEventListener("change", draw);
      plot.current?.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => plot.current?.setData(data.current), [told]);
  return <div className="run-chart nodrag nowheel" ref={box} role="img" aria-label={series ? seriesWords(series) : "A chart without points."} />;
}

function optionsFor(place: HTMLElement): uPlot.Options {
  const style = getComputedStyle(place);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1, size: 4 }, font: `11px ${style.fontFamily}` };
  return {
    width: place.clientWidth || 240,
    height: HEIGHT,
    cursor: { show: true, drag: { x: false, y: false }, points: { size: 5 } },
    legend: { show: false },
    padding: [8, 8, 0, 0],
    axes: [
      { ...axis, size: 22, space: 70, values: (_plot, times) => times.map(timeWords) },
      { ...axis, size: 44, space: 26 },
    ],
    series: [{}, { stroke: colour("--running"), width: 1.6, points: { show: false }, fill: `${colour("--running")}22` }],
  };
}

function timeWords(seconds: number): string {
  const at = new Date(seconds * 1000);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}
