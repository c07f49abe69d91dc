/** Audits: the form that starts one, and the latest. */

import { useEffect, type ReactNode } from "react";
import { May } from "../../../identity/may";
import { setTitle } from "../../../shell/title";
import { Sessions } from "../Sessions";
import { AgentsTabs } from "../Tabs";
import { StartAudit } from "./StartAudit";

export function AuditsPage(): ReactNode {
  useEffect(() => setTitle("Audits"), []);
  return (
    <div className="agents">
      <AgentsTabs current="audits" />
      <May scope="audits:start">
        <StartAudit />
      </May>
      <Sessions title="Audits" task="audit" none="No document has been audited yet." />
    </div>
  );
}
