/** Metrics: whether people keep up, whether work fails, and whether the server is healthy. */

import { useMemo, useState, type ReactNode } from "react";
import { useCallboard } from "@callboard/client/react";
import { useCommands } from "../../shell/commands";
import { Icon } from "../../ui/Icon";
import { clock } from "../../ui/time";
import { navigate, useSearch } from "../../shell/router";
import { Chart } from "./Chart";
import { failing, health, keepingUp, models, momentsOf, type ChartData } from "./charts";
import { queryOf, rangeOf, RANGES, type Range } from "./ranges";
import { endsOver, within, type Sample } from "./samples";
import { useNumbers, useWatchedNumbers } from "./store";
import { Closes, EndedKinds, Servers, WaitingKinds, Workflows } from "./Tables";
import { Tiles } from "./Tiles";
import { tilesOf, type TileData } from "./tiles";
import { useWaiting } from "./waiting";
import "./metrics.css";

export default function MetricsView(): ReactNode {
  const client = useCallboard();
  const range = rangeOf(useSearch());
  useWatchedNumbers(client, range);
  const waiting = useWaiting();
  const { samples: all, connection, historyError, isAsked, retry } = useNumbers();
  const [held, setHeld] = useState<readonly Sample[] | null>(null);
  const samples = useMemo(() => within([...(held ?? all)], range.seconds), [held, all, range.seconds]);
  const moments = useMemo(() => momentsOf(samples), [samples]);
  const last = samples.at(-1)?.at;
  const hold = (): void => setHeld(held ? null : all);
  useCommands(
    [
      { id: "hold", title: held ? "Resume the charts" : "Pause the charts", group: "Metrics", keys: "p", words: "hold", run: hold },
      ...RANGES.map((one) => ({ id: `range-${one.id}`, title: `Show the last ${one.title}`, group: "Metrics", run: () => show(one) })),
    ],
    `metrics ${held !== null}`,
  );
  const stopped = connection?.phase === "stopped" ? connection.reason : null;
  const tiles = tilesOf(samples, range.title, waiting);
  const drawn = (charts: readonly ChartData[]): ReactNode => charts.map((chart) => <Chart key={chart.id} chart={chart} times={moments.times} seconds={range.seconds} />);
  return (
    <div className="metrics">
      <header className="metrics-head">
        <h1>Metrics</h1>
        {held && last && <p className="muted">Paused at {clock(last.time)}</p>}
        <div className="metrics-tools">
          <div className="metrics-range" role="group" aria-label="Range">
            {RANGES.map((one) => (
              <button key={one.id} type="button" aria-pressed={one.id === range.id} onClick={() => show(one)}>
                {one.title}
              </button>
            ))}
          </div>
          <button type="button" className="button small" aria-pressed={held !== null} disabled={all.length === 0} onClick={hold} aria-keyshortcuts="p">
            <Icon name={held ? "play" : "pause"} />
            {held ? "Resume" : "Pause"}
          </button>
        </div>
      </header>
      {stopped && (
        <div className="notice" data-tone="warn" role="alert">
          <Icon name="alert" />
          <span className="grow">{stopped} The figures are no longer updated.</span>
          <button type="button" className="button small" onClick={retry}>
            Reconnect
          </button>
        </div>
      )}
      {historyError && !stopped && (
        <div className="notice" data-tone="plain" role="status">
          <Icon name="info" />
          <span className="grow">Earlier figures could not be loaded: {historyError} The charts begin when this page was opened.</span>
        </div>
      )}
      {samples.length === 0 ? (
        <Nothing isAsked={isAsked} />
      ) : (
        <>
          <Question id="people" title="Are people keeping up?" tiles={tiles.people}>
            {drawn(keepingUp(moments))}
            <WaitingKinds waiting={waiting} />
          </Question>
          <Question id="work" title="Is work failing?" tiles={tiles.work}>
            {drawn(failing(moments, samples, range.bar))}
            <EndedKinds ends={endsOver(samples)} range={range.title} />
          </Question>
          <Question id="server" title="Is the server healthy?" tiles={tiles.server}>
            {drawn(health(moments))}
            <Workflows workflows={last?.workflows ?? []} />
            <Closes closes={last?.closes ?? {}} />
            <Servers members={last?.members ?? []} />
          </Question>
          {tiles.models.length > 0 && (
            <Question id="models" title="What do models use?" tiles={tiles.models}>
              {drawn(models(moments))}
            </Question>
          )}
          <p className="muted metrics-foot">
            The same figures and more, for Prometheus: <a href="/metrics">/metrics</a>
          </p>
        </>
      )}
    </div>
  );
}

function show(range: Range): void {
  navigate(`${location.pathname}${queryOf(range)}`, { replace: true });
}

function Question({ id, title, tiles, children }: { id: string; title: string; tiles: readonly TileData[]; children: ReactNode }): ReactNode {
  return (
    <section className="metrics-question" aria-labelledby={`metrics-${id}`}>
      <h2 id={`metrics-${id}`}>{title}</h2>
      <Tiles tiles={tiles} label={title} />
      <div className="charts">{children}</div>
    </section>
  );
}

function Nothing({ isAsked }: { isAsked: boolean }): ReactNode {
  const phase = useNumbers(({ connection }) => connection?.phase);
  const waits = !isAsked || phase === "connecting" || phase === "live";
  return (
    <div className="empty" role="status">
      <h2>{waits ? "Waiting for the first figures…" : "No figures yet"}</h2>
      <p>{waits ? "The server sends them every second." : "They appear once the server can be reached. The header shows when that is tried again."}</p>
    </div>
  );
}
