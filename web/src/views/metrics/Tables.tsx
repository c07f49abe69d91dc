/** What is better told as a table: live workflows with their slowest nodes, and why connections have closed. */

import type { ReactNode } from "react";
import type { Snapshot } from "@callboard/client";
import { count } from "../../ui/time";
import { inUnit } from "../../ui/units";

export function Workflows({ workflows }: Pick<Snapshot, "workflows">): ReactNode {
  const rows = workflows.flatMap(({ id, slowest }) => slowest.map(({ node, ms }) => ({ id, node, ms }))).sort((one, other) => other.ms - one.ms).slice(0, 10);
  return (
    <section className="card numbers" aria-labelledby="live-workflows">
      <h2 id="live-workflows">Live workflows</h2>
      {workflows.length === 0 ? (
        <p className="chart-none">No workflow is live. Open one and choose Live: its iterations and its slowest nodes stand here.</p>
      ) : (
        <>
          <div className="wide" tabIndex={0} role="region" aria-label="Live workflows">
            <table>
              <thead>
                <tr>
                  <th scope="col">Workflow</th>
                  <th scope="col">Iterations</th>
                  <th scope="col">p50</th>
                  <th scope="col">p99</th>
                </tr>
              </thead>
              <tbody>
                {[...workflows].sort((one, other) => other.rate - one.rate).map(({ id, rate, tick_p50_us, tick_p99_us }) => (
                  <tr key={id}>
                    <th scope="row">
                      <code>{id}</code>
                    </th>
                    <td>{inUnit(rate, "rate")}</td>
                    <td>{inUnit(tick_p50_us === null ? null : tick_p50_us / 1000, "ms")}</td>
                    <td>{inUnit(tick_p99_us === null ? null : tick_p99_us / 1000, "ms")}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <h3>Slowest nodes</h3>
          {rows.length === 0 ? <p className="muted">No node has taken long enough to be timed.</p> : <Slowest rows={rows} />}
        </>
      )}
    </section>
  );
}

function Slowest({ rows }: { rows: readonly { id: string; node: string; ms: number }[] }): ReactNode {
  return (
    <div className="wide" tabIndex={0} role="region" aria-label="Slowest nodes">
      <table>
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">Workflow</th>
            <th scope="col">Takes</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ id, node, ms }) => (
            <tr key={`${id} ${node}`}>
              <th scope="row">
                <code>{node}</code>
              </th>
              <td>
                <code>{id}</code>
              </td>
              <td>{inUnit(ms, "ms")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Closes({ closes }: Pick<Snapshot, "closes">): ReactNode {
  const rows = Object.entries(closes).filter(([, number]) => number > 0).sort(([, one], [, other]) => other - one);
  return (
    <section className="card numbers" aria-labelledby="closes">
      <h2 id="closes">Why connections have closed</h2>
      {rows.length === 0 ? (
        <p className="chart-none">No connection has closed since the server&apos;s start.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Reason</th>
              <th scope="col">Since the start</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([reason, number]) => (
              <tr key={reason}>
                <th scope="row">{reason.replaceAll("_", " ")}</th>
                <td>{count(number)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
