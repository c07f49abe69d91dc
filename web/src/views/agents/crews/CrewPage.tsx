/** One crew: its tasks as a graph, who does them, what kicks it off, and its runs. */

import { useEffect, useMemo, useState, type ReactNode } from "react";
import type { StoredAgent, StoredCrew } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { May } from "../../../identity/may";
import { useCommands } from "../../../shell/commands";
import { Link, navigate } from "../../../shell/router";
import { setTitle } from "../../../shell/title";
import { Confirm } from "../../../ui/Confirm";
import { Icon } from "../../../ui/Icon";
import { Failure } from "../../../ui/Failure";
import { paths } from "../paths";
import { AgentNames } from "../runs/names";
import { Sessions } from "../Sessions";
import { useLoaded } from "../../../ui/useLoaded";
import { Graph } from "./Graph";
import { Kickoff } from "./Kickoff";
import { graphOf } from "./order";

export function CrewPage({ id }: { id: string }): ReactNode {
  const client = useCallboard();
  const crew = useLoaded(id, (signal) => client.agents.crew(id, signal));
  const agents = useLoaded("agents", (signal) => client.agents.list(signal));
  useEffect(() => setTitle(crew.value?.name ?? "Crew"), [crew.value]);
  if (crew.error?.status === 404) return <Unknown />;
  if (crew.error) return <Failure error={crew.error} again={crew.again} />;
  if (!crew.value || (!agents.value && !agents.error)) return <p className="loading">Loading the crew…</p>;
  return (
    <AgentNames agents={agents.value}>
      <Crew crew={crew.value} agents={agents.value ?? []} />
    </AgentNames>
  );
}

function Unknown(): ReactNode {
  return (
    <div className="empty" role="alert">
      <h1>There is no such crew</h1>
      <p>It may have been deleted, or the link is incomplete.</p>
      <Link className="button primary" to={paths.crews}>
        Back to the crews
      </Link>
    </div>
  );
}

function Crew({ crew, agents }: { crew: StoredCrew; agents: readonly StoredAgent[] }): ReactNode {
  const client = useCallboard();
  const [asks, setAsks] = useState(false);
  const graph = useMemo(() => graphOf(crew.tasks, crew.agents, leadOf(crew)), [crew]);
  const named = [...new Set([...crew.agents, ...(crew.manager_agent ? [crew.manager_agent] : [])])];
  const members = named.map((id) => agents.find((agent) => agent.id === id) ?? { id, name: "", role: "", goal: "", kind: null, llm: null, tools: [] });
  useCommands(
    [
      { id: "back", title: "Back to the crews", group: "Crew", keys: "u", run: () => navigate(paths.crews) },
      { id: "kickoff", title: "Kick off this crew", group: "Crew", keys: "n", scope: "sessions:start", run: () => document.querySelector<HTMLElement>(".kickoff :is(input, textarea, button)")?.focus() },
    ],
    "crew",
  );
  const remove = async (): Promise<string> => {
    await client.agents.removeCrew(crew.id);
    navigate(paths.crews);
    return `“${crew.name}” deleted.`;
  };
  return (
    <article className="agents" aria-label={crew.name}>
      <header className="agents-head">
        <Link className="icon-button" to={paths.crews} aria-label="Back to the crews" title="Back to the crews (u)">
          <Icon name="left" />
        </Link>
        <div className="agents-title">
          <h1>{crew.name}</h1>
          <p className="muted">
            {crew.process === "hierarchical" ? "A manager hands out the work" : "Tasks in order"}
            {crew.description && ` · ${crew.description}`}
          </p>
        </div>
        <div className="agents-actions">
          <May scope="crews:write">
            <button type="button" className="button danger" onClick={() => setAsks(true)}>
              <Icon name="trash" />
              Delete
            </button>
          </May>
        </div>
      </header>
      <Graph graph={graph} />
      <div className="crew-parts">
        <May scope="sessions:start">
          <Kickoff crew={crew} agents={agents} />
        </May>
        <section className="card crew-members" aria-label="Agents">
          <h2>Agents</h2>
          <ul>
            {members.map(({ id, name, role, goal, kind, llm, tools }) => (
              <li key={id}>
                <p>
                  <strong>{name || id}</strong>
                  {kind && <span className="tag">{kind === "model" ? `model: ${llm ?? "default"}` : kind}</span>}
                  {id === crew.manager_agent && <span className="tag">manager</span>}
                </p>
                <p className="muted">{kind === null ? "This agent is not stored any more: the crew cannot begin." : [role, goal].filter(Boolean).join(": ")}</p>
                {tools.length > 0 && <p className="muted">Uses {tools.join(", ")}</p>}
              </li>
            ))}
          </ul>
        </section>
      </div>
      <Sessions title="Runs" task="crew" labels={{ crew: crew.id }} none="It has not been kicked off yet." />
      {asks && (
        <Confirm title={`Delete “${crew.name}”?`} yes="Delete it" busy="Deleting…" no="Keep it" act={remove} onClose={() => setAsks(false)}>
          <p>Runs that have begun go on, and what they gave stays. Its agents stay, too. This cannot be undone.</p>
        </Confirm>
      )}
    </article>
  );
}

/** Who does all tasks of a crew that is led. */
export function leadOf({ process, manager_agent, manager_llm }: Pick<StoredCrew, "process" | "manager_agent" | "manager_llm">): string | null {
  if (process !== "hierarchical") return null;
  return manager_agent ?? (manager_llm ? `manager (${manager_llm})` : "manager");
}
