/** The servers that are one: how much of the work each has, and whether it lives. Nothing where there is one server. */

import { useEffect, useState, type ReactNode } from "react";
import type { AdminCalls, Cluster } from "@callboard/client";
import { count } from "../../ui/time";
import { repeat } from "./store";

const EVERY_MS = 2000;

const STATES: Record<string, string> = {
  joining: "joining",
  live: "running",
  leaving: "shutting down",
  suspected: "not responding",
};

export function Servers({ calls }: { calls: AdminCalls }): ReactNode {
  const [cluster, setCluster] = useState<Cluster | null>(null);
  useEffect(() => {
    const look = async (signal: AbortSignal): Promise<"again" | "enough"> => {
      const found = await calls.cluster(signal);
      if (!signal.aborted) setCluster(found);
      return found.members.length === 0 ? "enough" : "again";
    };
    const looking = repeat(look, EVERY_MS, () => undefined);
    return looking.end;
  }, [calls]);
  if (cluster === null || cluster.members.length === 0) return null;
  return (
    <section className="servers" aria-label="Servers">
      <h2>
        {count(cluster.members.length)} {cluster.members.length === 1 ? "server" : "servers"}
      </h2>
      <ul>
        {cluster.members.map((member) => (
          <li key={member.id} data-state={member.state}>
            <strong>{member.advertise}</strong>
            <span className="muted">
              {STATES[member.state] ?? member.state} · {count(Math.round((100 * member.slots) / cluster.slots))}% of all sessions
              {member.is_this && " · this page's server"}
            </span>
          </li>
        ))}
      </ul>
      {cluster.unowned > 0 && <p role="status">{count(Math.round((100 * cluster.unowned) / cluster.slots))}% of all sessions have no server at the moment; requests for them wait.</p>}
    </section>
  );
}
