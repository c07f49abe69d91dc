/** A chart with its legend, and the same as a table. */

import { useEffect, useId, useRef, useState, type ReactNode } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { Icon } from "../../ui/Icon";
import { clock } from "../../ui/time";
import { isEmpty, latest, minutes, type ChartData, type Line } from "./charts";
import { paletteAt, useColours } from "./colours";
import { inUnit, type Unit } from "../../ui/units";
import { columns, optionsFor } from "./plot";

interface Props {
  chart: ChartData;
  times: readonly number[];
  /** How many seconds are shown. */
  seconds: number;
}

export function Chart({ chart, times: common, seconds }: Props): ReactNode {
  const times = chart.times ?? common;
  const { id, title, unit, lines, none } = chart;
  const [asTable, setAsTable] = useState(false);
  const [place, setPlace] = useState<number | null>(null);
  const heading = useId();
  const empty = isEmpty(chart);
  const at = place === null ? undefined : times[place];
  return (
    <section className="card chart" data-chart={id} aria-labelledby={heading}>
      <header>
        <h3 id={heading}>{title}</h3>
        <span className="chart-time" aria-hidden="true">
          {at === undefined || asTable ? "" : clock(at)}
        </span>
        <button type="button" className="icon-button" aria-pressed={asTable} aria-label={`${title} as a table`} title="As a table, minute by minute" onClick={() => setAsTable(!asTable)}>
          <Icon name="table" />
        </button>
      </header>
      {empty ? (
        <p className="chart-none">{none}</p>
      ) : asTable ? (
        <Minutes title={title} times={times} lines={lines} unit={unit} />
      ) : (
        <Drawing chart={chart} times={times} seconds={seconds} onPlace={setPlace} />
      )}
      {!empty && !asTable && <Legend chart={chart} place={place} />}
    </section>
  );
}

function Drawing({ chart, times, seconds, onPlace }: Props & { onPlace: (place: number | null) => void }): ReactNode {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const colours = useColours();
  const { title, unit, lines } = chart;
  const data = columns(times, chart);
  const now = useRef({ chart, data });
  now.current = { chart, data };
  // Other lines or other colours make another drawing; other numbers do not.
  const shape = `${colours} ${lines.map(({ label, colour }) => label + colour).join()} ${seconds}`;

  useEffect(() => {
    const box = host.current;
    if (!box) return undefined;
    const palette = paletteAt(box);
    const font = `11px ${getComputedStyle(box).fontFamily}`;
    const made = new uPlot(optionsFor({ chart: now.current.chart, palette, width: box.clientWidth, font, seconds, onPlace }), now.current.data, box);
    plot.current = made;
    const watch = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width > 0 && width !== made.width) made.setSize({ width, height: made.height });
    });
    watch.observe(box);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, seconds, onPlace]);

  useEffect(() => {
    // A hidden tab draws nothing; the next snapshot after it is shown does.
    if (!document.hidden) plot.current?.setData(data);
  }, [data]);

  const words = lines.map((line) => `${line.label} ${inUnit(latest(line), unit)}`).join(", ");
  return <div ref={host} className="drawing" role="img" aria-label={`${title}. Now: ${words}. The table has all numbers.`} />;
}

function Legend({ chart: { lines, unit, shape }, place }: { chart: ChartData; place: number | null }): ReactNode {
  const isArea = shape !== undefined;
  return (
    <ul className="chart-legend">
      {lines.map((line) => (
        <li key={line.label} data-colour={line.colour.slice(2)}>
          {isArea ? (
            <span className="chart-swatch" aria-hidden="true" />
          ) : (
            <svg viewBox="0 0 22 8" aria-hidden="true">
              <path d="M1 4h20" strokeDasharray={line.dash?.join(" ")} />
            </svg>
          )}
          {line.label}
          <strong>{inUnit(place === null ? latest(line) : line.values[place], unit)}</strong>
        </li>
      ))}
    </ul>
  );
}

function Minutes({ title, times, lines, unit }: { title: string; times: readonly number[]; lines: readonly Line[]; unit: Unit }): ReactNode {
  return (
    <div className="minutes" tabIndex={0} role="group" aria-label={`${title}, minute by minute`}>
      <table>
        <thead>
          <tr>
            <th scope="col">At</th>
            {lines.map(({ label }) => (
              <th scope="col" key={label}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {minutes(times, lines).map(({ at, cells }) => (
            <tr key={at}>
              <th scope="row">{clock(at)}</th>
              {cells.map((cell, place) => (
                <td key={lines[place]?.label}>{inUnit(cell, unit)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
