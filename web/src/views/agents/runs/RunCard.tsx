/** One agent at one task: how it stands, and, unfolded, all that it did. */

import { useState, type ReactNode } from "react";
import type { SessionStore } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { Icon } from "../../../ui/Icon";
import { count, span, useNow } from "../../../ui/time";
import type { Run } from "./board";
import { useAgentName } from "./names";
import { RunStatus, type Standing } from "./RunStatus";
import { Steps } from "./Steps";

interface Props {
  run: Run;
  store: SessionStore;
  standing: Standing;
  isChosen: boolean;
}

export function RunCard({ run, store, standing, isChosen }: Props): ReactNode {
  const client = useCallboard();
  const nameOf = useAgentName();
  const name = nameOf(run.agentId);
  // Until somebody folds it: what is going on or went wrong is open.
  const [wanted, setWanted] = useState<boolean | null>(null);
  const isOpen = wanted ?? (isChosen || run.status !== "completed");
  const now = useNow(1000, run.endedAt === null) + client.clockSkew;
  const isEmpty = run.steps.length === 0 && run.status !== "working";
  return (
    <section className="card run-card" data-standing={standing} data-run={run.key} aria-label={`${name}: ${run.task}`}>
      <button type="button" className="run-head" aria-expanded={isOpen} onClick={() => setWanted(!isOpen)}>
        <Icon name="right" className="run-fold" />
        <strong>{name}</strong>
        <span className="run-task">
          {run.task}
          {run.key.includes("/delegate-") && run.by && <span className="muted"> for {nameOf(run.by)}</span>}
        </span>
        <span className="muted run-numbers">
          {run.tokens > 0 && `${count(run.tokens)} tokens · `}
          {span((run.endedAt ?? now) - run.startedAt)}
        </span>
        <RunStatus standing={standing} />
      </button>
      {run.progress && <progress max={Math.max(1, run.progress.total)} value={run.progress.done} aria-label={`${name}: progress`} />}
      {isOpen && (
        <div className="run-body">
          {isEmpty && !run.error && <p className="muted">It said nothing on the way.</p>}
          <Steps run={run} store={store} />
          {run.error && (
            <p className="notice" data-tone="bad">
              <Icon name="cross" />
              <span className="grow run-error">{run.error}</span>
            </p>
          )}
        </div>
      )}
    </section>
  );
}
