/** For whom or what a node waits, and since when. */

import type { ReactNode } from "react";
import type { NodeRun } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { clock, moment, span, useNow } from "../../../ui/time";
import type { NodeClass } from "../model";

/** From then on it is worth saying how long. */
const LONG = 60;
/** What ends at once needs no words. */
const SHOWN_AFTER = 1;

export function Waiting({ run, nodeClass }: { run: NodeRun; nodeClass: NodeClass | undefined }): ReactNode {
  const client = useCallboard();
  const now = useNow(1000) + client.clockSkew;
  const { state, start_time: since } = run;
  const waited = since === undefined ? 0 : Math.max(0, now - since);
  if (state === "executing" && (!nodeClass?.waits || waited < SHOWN_AFTER)) return null;
  return (
    <p className="run-waiting" title={since === undefined ? undefined : moment(since)}>
      {words(state, nodeClass?.category)}
      {since !== undefined && (
        <>
          {" "}
          since {clock(since).slice(0, 5)}
          {waited >= LONG && <span className="muted"> · {span(waited)}</span>}
        </>
      )}
    </p>
  );
}

function words(state: NodeRun["state"], category: string | undefined): string {
  if (state === "waiting" || category === "people") return "Waiting for a person";
  if (category === "network") return "Waiting for a response";
  if (category === "tasks") return "Waiting for its task";
  return category === "time" ? "Waiting" : "Running";
}
