/** Metrics: how the server is, now and over the last fifteen minutes. */

import { useMemo, useState, type ReactNode } from "react";
import { useCallboard } from "@callboard/client/react";
import { useCommands } from "../../shell/commands";
import { Icon } from "../../ui/Icon";
import { clock } from "../../ui/time";
import { Chart } from "./Chart";
import { chartsOf, momentsOf } from "./charts";
import type { Sample } from "./samples";
import { useNumbers, useWatchedNumbers } from "./store";
import { Closes, Workflows } from "./Tables";
import { Tiles } from "./Tiles";
import "./metrics.css";

export default function MetricsView(): ReactNode {
  const client = useCallboard();
  useWatchedNumbers(client);
  const { samples: all, connection, historyError, isAsked, retry } = useNumbers();
  const [held, setHeld] = useState<readonly Sample[] | null>(null);
  const samples = held ?? all;
  const moments = useMemo(() => momentsOf(samples), [samples]);
  const charts = useMemo(() => chartsOf(moments), [moments]);
  const last = samples.at(-1)?.at;
  const hold = (): void => setHeld(held ? null : all);
  useCommands([{ id: "hold", title: held ? "Let the charts go on" : "Hold the charts still", group: "Metrics", keys: "p", words: "pause", run: hold }], `metrics ${held !== null}`);
  const stopped = connection?.phase === "stopped" ? connection.reason : null;
  return (
    <div className="metrics">
      <header className="metrics-head">
        <h1>Metrics</h1>
        <p className="muted">{held && last ? `Held at ${clock(last.time)}` : "The last 15 minutes"}</p>
        <button type="button" className="button small" aria-pressed={held !== null} disabled={all.length === 0} onClick={hold} aria-keyshortcuts="p">
          <Icon name={held ? "play" : "pause"} />
          {held ? "Go on" : "Hold"}
        </button>
      </header>
      {stopped && (
        <div className="notice" data-tone="warn" role="alert">
          <Icon name="alert" />
          <span className="grow">{stopped} The numbers stand still.</span>
          <button type="button" className="button small" onClick={retry}>
            Connect again
          </button>
        </div>
      )}
      {historyError && !stopped && (
        <div className="notice" data-tone="plain" role="status">
          <Icon name="info" />
          <span className="grow">The numbers of the past could not be loaded: {historyError} The charts begin when this page was opened.</span>
        </div>
      )}
      {samples.length === 0 ? (
        <Nothing isAsked={isAsked} />
      ) : (
        <>
          <Tiles samples={samples} />
          <div className="charts">
            {charts.map((chart) => (
              <Chart key={chart.id} chart={chart} times={moments.times} />
            ))}
            <Workflows workflows={last?.workflows ?? []} />
            <Closes closes={last?.closes ?? {}} />
          </div>
          <p className="muted metrics-foot">
            The same numbers, and more, are at <a href="/metrics">/metrics</a> for Prometheus.
          </p>
        </>
      )}
    </div>
  );
}

function Nothing({ isAsked }: { isAsked: boolean }): ReactNode {
  const phase = useNumbers(({ connection }) => connection?.phase);
  const waits = !isAsked || phase === "connecting" || phase === "live";
  return (
    <div className="empty" role="status">
      <h2>{waits ? "Waiting for the first numbers…" : "There are no numbers yet"}</h2>
      <p>{waits ? "The server tells them every second." : "They come as soon as the server can be reached; the pill in the header says when that is tried again."}</p>
    </div>
  );
}
