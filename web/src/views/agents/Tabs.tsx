/** The two halves of this view. */

import type { ReactNode } from "react";
import { Link } from "../../shell/router";
import { paths } from "./paths";

export function AgentsTabs({ current }: { current: "audits" | "crews" }): ReactNode {
  return (
    <nav className="agents-tabs" aria-label="Agents">
      <Link to={paths.audits} aria-current={current === "audits" ? "page" : undefined}>
        Audits
      </Link>
      <Link to={paths.crews} aria-current={current === "crews" ? "page" : undefined}>
        Crews
      </Link>
    </nav>
  );
}
