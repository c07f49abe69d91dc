/** What reads better as a table: kinds of tasks, live workflows with their slowest nodes, and why connections closed. */

import type { ReactNode } from "react";
import type { Snapshot } from "@callboard/client";
import { count } from "../../ui/time";
import { inUnit } from "../../ui/units";
import { Link, ROOT } from "../../shell/router";
import { canvasPath } from "../workflows/paths";
import type { Ends } from "./samples";
import type { Waiting } from "./waiting";

const listOf = (filter: Record<string, string>): string => `${ROOT}/tasks?${new URLSearchParams(filter)}`;

/** Who is waited for, by kind of task. */
export function WaitingKinds({ waiting }: { waiting: Waiting | null }): ReactNode {
  return (
    <section className="card numbers" aria-labelledby="waiting-kinds">
      <h3 id="waiting-kinds">Waiting, by kind</h3>
      {waiting === null ? (
        <p className="chart-none">Loading…</p>
      ) : waiting.kinds.length === 0 ? (
        <p className="chart-none">Nobody is needed right now.</p>
      ) : (
        <div className="wide" tabIndex={0} role="group" aria-label="Waiting, by kind">
          <table>
            <thead>
              <tr>
                <th scope="col">Kind</th>
                <th scope="col">Waiting</th>
              </tr>
            </thead>
            <tbody>
              {waiting.kinds.map(({ task, number }) => (
                <tr key={task}>
                  <th scope="row">
                    <Link to={listOf({ status: "waiting", task })}>{task}</Link>
                  </th>
                  <td>{count(number)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** How sessions ended, by kind of task. */
export function EndedKinds({ ends, range }: { ends: ReadonlyMap<string, Ends>; range: string }): ReactNode {
  const rows = [...ends].filter(([, { completed, failed, cancelled }]) => completed + failed + cancelled > 0).sort(([one, a], [other, b]) => b.failed - a.failed || b.completed - a.completed || one.localeCompare(other));
  return (
    <section className="card numbers" aria-labelledby="ended-kinds">
      <h3 id="ended-kinds">Ended in the last {range}, by kind</h3>
      {rows.length === 0 ? (
        <p className="chart-none">No session has ended in this time.</p>
      ) : (
        <div className="wide" tabIndex={0} role="group" aria-label="Ended, by kind">
          <table>
            <thead>
              <tr>
                <th scope="col">Kind</th>
                <th scope="col">Success</th>
                <th scope="col">Completed</th>
                <th scope="col">Failed</th>
                <th scope="col">Cancelled</th>
              </tr>
            </thead>
            <tbody>
              {rows.map(([task, { completed, failed, cancelled }]) => (
                <tr key={task}>
                  <th scope="row">
                    <Link to={listOf({ task })}>{task}</Link>
                  </th>
                  <td>{inUnit(completed + failed === 0 ? null : (completed / (completed + failed)) * 100, "percent")}</td>
                  <td>{count(completed)}</td>
                  <td>{failed > 0 ? <Link to={listOf({ status: "failed", task })}>{count(failed)}</Link> : 0}</td>
                  <td>{count(cancelled)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

export function Workflows({ workflows }: Pick<Snapshot, "workflows">): ReactNode {
  const rows = workflows.flatMap(({ id, slowest }) => slowest.map(({ node, ms }) => ({ id, node, ms }))).sort((one, other) => other.ms - one.ms).slice(0, 10);
  return (
    <section className="card numbers" aria-labelledby="live-workflows">
      <h3 id="live-workflows">Live workflows</h3>
      {workflows.length === 0 ? (
        <p className="chart-none">No live workflows. Set one live to see its iterations and its slowest nodes here.</p>
      ) : (
        <>
          <div className="wide" tabIndex={0} role="group" aria-label="Live workflows">
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
                      <Link to={canvasPath(id)}>
                        <code>{id}</code>
                      </Link>
                    </th>
                    <td>{inUnit(rate, "rate")}</td>
                    <td>{inUnit(tick_p50_us === null ? null : tick_p50_us / 1000, "ms")}</td>
                    <td>{inUnit(tick_p99_us === null ? null : tick_p99_us / 1000, "ms")}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <h4>Slowest nodes</h4>
          {rows.length === 0 ? <p className="muted">No node was slow enough to be timed.</p> : <Slowest rows={rows} />}
        </>
      )}
    </section>
  );
}

function Slowest({ rows }: { rows: readonly { id: string; node: string; ms: number }[] }): ReactNode {
  return (
    <div className="wide" tabIndex={0} role="group" aria-label="Slowest nodes">
      <table>
        <thead>
          <tr>
            <th scope="col">Node</th>
            <th scope="col">Workflow</th>
            <th scope="col">Time</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ id, node, ms }) => (
            <tr key={`${id} ${node}`}>
              <th scope="row">
                <Link to={canvasPath(id, { node })}>
                  <code>{node}</code>
                </Link>
              </th>
              <td>
                <Link to={canvasPath(id)}>
                  <code>{id}</code>
                </Link>
              </td>
              <td>{inUnit(ms, "ms")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What each of several servers has; nothing where there is one. */
export function Servers({ members }: Pick<Snapshot, "members">): ReactNode {
  if (members.length < 2) return null;
  return (
    <section className="card numbers" aria-labelledby="metrics-servers">
      <h3 id="metrics-servers">Servers</h3>
      <div className="wide" tabIndex={0} role="group" aria-label="Servers">
        <table>
          <thead>
            <tr>
              <th scope="col">Server</th>
              <th scope="col">Connections</th>
              <th scope="col">Sent</th>
              <th scope="col">Memory</th>
            </tr>
          </thead>
          <tbody>
            {members.map(({ member, incarnation, connections, messages_out, rss_bytes }) => (
              <tr key={incarnation}>
                <th scope="row">
                  <code>{member}</code>
                </th>
                <td>{inUnit(connections, "count")}</td>
                <td>{inUnit(messages_out, "rate")}</td>
                <td>{inUnit(rss_bytes, "bytes")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

export function Closes({ closes }: Pick<Snapshot, "closes">): ReactNode {
  const rows = Object.entries(closes).filter(([, number]) => number > 0).sort(([, one], [, other]) => other - one);
  return (
    <section className="card numbers" aria-labelledby="closes">
      <h3 id="closes">Closed connections, by reason</h3>
      {rows.length === 0 ? (
        <p className="chart-none">No connection has closed since the server started.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Reason</th>
              <th scope="col">Since start</th>
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
