/** Audits: the form that starts one, and the latest. */

import { useEffect, type ReactNode } from "react";
import { setTitle } from "../../../shell/title";
import { Sessions } from "../Sessions";
import { AgentsTabs } from "../Tabs";
import { StartAudit } from "./StartAudit";

export function AuditsPage(): ReactNode {
  useEffect(() => setTitle("Audits"), []);
  return (
    <div className="agents">
      <AgentsTabs current="audits" />
      <StartAudit />
      <Sessions title="Audits" task="audit" none="No document has been audited yet." />
    </div>
  );
}
