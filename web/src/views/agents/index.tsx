/** Agents: audits of documents, and crews that work on tasks. */

import { useEffect, type ReactNode } from "react";
import { useCommands } from "../../shell/commands";
import type { ViewProps } from "../../shell/registry";
import { Link, navigate } from "../../shell/router";
import { AuditPage } from "./audits/AuditPage";
import { AuditsPage } from "./audits/AuditsPage";
import { CrewPage } from "./crews/CrewPage";
import { CrewsPage } from "./crews/CrewsPage";
import { RunPage } from "./crews/RunPage";
import { paths } from "./paths";
import "./agents.css";

export default function AgentsView({ rest: [part, id] }: ViewProps): ReactNode {
  useEffect(() => {
    if (part === undefined) navigate(paths.audits, { replace: true });
  }, [part]);
  useCommands(
    [
      { id: "audits", title: "Go to the audits", group: "Agents", run: () => navigate(paths.audits) },
      { id: "crews", title: "Go to the crews", group: "Agents", run: () => navigate(paths.crews) },
    ],
    "agents",
  );
  if (part === "audits") return id ? <AuditPage key={id} id={id} /> : <AuditsPage />;
  if (part === "crews") return id ? <CrewPage key={id} id={id} /> : <CrewsPage />;
  if (part === "runs" && id) return <RunPage key={id} id={id} />;
  if (part === undefined) return null;
  return (
    <div className="empty">
      <h1>Page not found</h1>
      <p>The link may be incomplete.</p>
      <Link className="button primary" to={paths.audits}>
        Go to the audits
      </Link>
    </div>
  );
}
