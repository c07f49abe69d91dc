/** Crews: all that are stored, what imports one, and their latest runs. */

import { useEffect, type ReactNode } from "react";
import type { StoredCrew } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { May } from "../../../identity/may";
import { Link } from "../../../shell/router";
import { setTitle } from "../../../shell/title";
import { Failure } from "../../../ui/Failure";
import { paths } from "../paths";
import { Sessions } from "../Sessions";
import { AgentsTabs } from "../Tabs";
import { useLoaded } from "../../../ui/useLoaded";
import { Import } from "./Import";

export function CrewsPage(): ReactNode {
  const client = useCallboard();
  const { value, error, again } = useLoaded("crews", (signal) => client.agents.crews(signal));
  useEffect(() => setTitle("Crews"), []);
  return (
    <div className="agents">
      <AgentsTabs current="crews" />
      <section className="card crews" aria-labelledby="crews-title">
        <h1 id="crews-title">Crews</h1>
        {error && <Failure error={error} again={again} />}
        {!value && !error && <p className="muted">Loading the crews…</p>}
        {value?.length === 0 && (
          <p className="muted">
            There are no crews yet. Import a CrewAI project below, or store one with <code>POST /api/v1/crews</code>.
          </p>
        )}
        {value && value.length > 0 && (
          <ul className="crew-list">
            {value.map((crew) => (
              <CrewRow key={crew.id} crew={crew} />
            ))}
          </ul>
        )}
      </section>
      <May scope="crews:write">
        <Import onImported={again} />
      </May>
      <Sessions title="Runs" task="crew" none="No crew has been kicked off yet." />
    </div>
  );
}

function CrewRow({ crew: { id, name, description, tasks, agents, process } }: { crew: StoredCrew }): ReactNode {
  return (
    <li>
      <Link to={paths.crew(id)}>{name}</Link>
      {process === "hierarchical" && <span className="tag">hierarchical</span>}
      <span className="muted">
        {tasks.length} {tasks.length === 1 ? "task" : "tasks"}, {agents.length} {agents.length === 1 ? "agent" : "agents"}
      </span>
      <p className="muted">{description || tasks.map((task) => task.name).join(" → ")}</p>
    </li>
  );
}
