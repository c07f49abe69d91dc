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

function Card({ id, title, children }: { id: string; title: string; children: ReactNode }): ReactNode {
  return (
    <section className="card numbers" aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      {children}
    </section>
  );
}

/** A table as wide as it needs, which scrolls where there is less room; `none` says why it has no rows. */
function Table({ label, columns, none, children }: { label: string; columns: readonly string[]; none: string; children: readonly ReactNode[] }): ReactNode {
  if (children.length === 0) return <p className="chart-none">{none}</p>;
  return (
    <div className="wide" tabIndex={0} role="group" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

/** Who is waited for, by kind of task. */
export function WaitingKinds({ waiting }: { waiting: Waiting | null }): ReactNode {
  return (
    <Card id="waiting-kinds" title="Waiting, by kind">
      {waiting === null ? (
        <p className="chart-none">Loading…</p>
      ) : (
        <Table label="Waiting, by kind" columns={["Kind", "Waiting"]} none="Nobody is needed right now.">
          {waiting.kinds.map(({ task, number }) => (
            <tr key={task}>
              <th scope="row">
                <Link to={listOf({ status: "waiting", task })}>{task}</Link>
              </th>
              <td>{count(number)}</td>
            </tr>
          ))}
        </Table>
      )}
    </Card>
  );
}

/** How sessions ended, by kind of task. */
export function EndedKinds({ ends, range }: { ends: ReadonlyMap<string, Ends>; range: string }): ReactNode {
  const rows = [...ends].filter(([, { completed, failed, cancelled }]) => completed + failed + cancelled > 0).sort(([one, a], [other, b]) => b.failed - a.failed || b.completed - a.completed || one.localeCompare(other));
  return (
    <Card id="ended-kinds" title={`Ended in the last ${range}, by kind`}>
      <Table label="Ended, by kind" columns={["Kind", "Success", "Completed", "Failed", "Cancelled"]} none="No session has ended in this time.">
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
      </Table>
    </Card>
  );
}

export function Workflows({ workflows }: Pick<Snapshot, "workflows">): ReactNode {
  const slowest = workflows.flatMap(({ id, slowest }) => slowest.map(({ node, ms }) => ({ id, node, ms }))).sort((one, other) => other.ms - one.ms).slice(0, 10);
  return (
    <Card id="live-workflows" title="Live workflows">
      <Table label="Live workflows" columns={["Workflow", "Iterations", "p50", "p99"]} none="No live workflows. Set one live to see its iterations and its slowest nodes here.">
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
      </Table>
      {workflows.length > 0 && (
        <>
          <h4>Slowest nodes</h4>
          <Table label="Slowest nodes" columns={["Node", "Workflow", "Time"]} none="No node was slow enough to be timed.">
            {slowest.map(({ id, node, ms }) => (
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
          </Table>
        </>
      )}
    </Card>
  );
}

/** What each of several servers has; nothing where there is one. */
export function Servers({ members }: Pick<Snapshot, "members">): ReactNode {
  if (members.length < 2) return null;
  return (
    <Card id="metrics-servers" title="Servers">
      <Table label="Servers" columns={["Server", "Connections", "Sent", "Memory"]} none="">
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
      </Table>
    </Card>
  );
}

export function Closes({ closes }: Pick<Snapshot, "closes">): ReactNode {
  const rows = Object.entries(closes).filter(([, number]) => number > 0).sort(([, one], [, other]) => other - one);
  return (
    <Card id="closes" title="Closed connections, by reason">
      <Table label="Closed connections, by reason" columns={["Reason", "Since start"]} none="No connection has closed since the server started.">
        {rows.map(([reason, number]) => (
          <tr key={reason}>
            <th scope="row">{reason.replaceAll("_", " ")}</th>
            <td>{count(number)}</td>
          </tr>
        ))}
      </Table>
    </Card>
  );
}
