/** The agents of an audit, side by side: how each stands, what it says right now, how much it has found. */

import type { ReactNode } from "react";
import { SEVERITIES, type SessionStore } from "@callboard/client";
import { useSelected } from "@callboard/client/react";
import { Icon } from "../../../ui/Icon";
import { kindWords } from "../../../ui/names";
import { count } from "../../../ui/time";
import { runOf, type Run, type Step } from "../runs/board";
import { RunStatus, type Standing } from "../runs/RunStatus";
import { useDraft } from "../runs/useBoard";
import { SEVERITY } from "./FindingRow";

/** So much of the end of a draft is shown. */
const TAIL = 600;

export interface LaneData {
  agentId: string;
  run: Run | null;
}

interface Props {
  store: SessionStore;
  lanes: readonly LaneData[];
  chosen: string | null;
  onChoose: (agentId: string | null) => void;
}

export function Lanes({ store, lanes, chosen, onChoose }: Props): ReactNode {
  const isOver = useSelected(store, (state) => state.outcome !== null);
  return (
    <ul className="lanes-row" aria-label="Agents">
      {lanes.map((lane) => (
        <Lane key={lane.agentId} store={store} lane={lane} isOver={isOver} isChosen={lane.agentId === chosen} onChoose={onChoose} />
      ))}
    </ul>
  );
}

function Lane({ store, lane: { agentId, run }, isOver, isChosen, onChoose }: { store: SessionStore; lane: LaneData; isOver: boolean; isChosen: boolean; onChoose: Props["onChoose"] }): ReactNode {
  const asks = useSelected(store, ({ requests }) => run !== null && requests.some(({ lane }) => runOf([run], lane) !== null));
  const standing: Standing = run === null ? (isOver ? "unreached" : "waiting") : asks ? "asks" : run.status;
  const title = kindWords(agentId);
  return (
    <li className="card lane-card" data-standing={standing} data-agent={agentId} data-chosen={isChosen || undefined}>
      <header>
        <h2>{title}</h2>
        <RunStatus standing={standing} />
      </header>
      {run?.progress && <progress max={Math.max(1, run.progress.total)} value={run.progress.done} aria-label={`${title}: progress`} />}
      {run?.error && (
        <p className="lane-error" role="alert">
          {run.error}
        </p>
      )}
      {run && run.status === "working" && <Now store={store} run={run} />}
      <footer>
        {run && <Counts run={run} />}
        {run && run.findings.length > 0 && (
          <button type="button" className="button small quiet" aria-pressed={isChosen} onClick={() => onChoose(isChosen ? null : agentId)}>
            {isChosen ? "Show all findings" : "Only these"}
          </button>
        )}
      </footer>
    </li>
  );
}

function Counts({ run: { findings, findingsDropped, status, tokens } }: { run: Run }): ReactNode {
  const parts = SEVERITIES.flatMap((severity) => {
    const number = findings.filter((finding) => finding.severity === severity).length;
    return number > 0 ? [{ severity, number }] : [];
  });
  return (
    <p className="lane-counts">
      {parts.map(({ severity, number }) => (
        <span key={severity} data-severity={severity}>
          <Icon name={SEVERITY[severity].icon} />
          {count(number)} {(number === 1 ? SEVERITY[severity].words : SEVERITY[severity].plural).toLowerCase()}
        </span>
      ))}
      {parts.length === 0 && <span className="muted">{status === "completed" ? "Found nothing" : status === "working" ? "Nothing found yet" : ""}</span>}
      {findingsDropped > 0 && <span className="muted">{count(findingsDropped)} dropped: not quoted from the document</span>}
      {tokens > 0 && <span className="muted">{count(tokens)} tokens</span>}
    </p>
  );
}

/** What an agent says or does right now. */
function Now({ store, run }: { store: SessionStore; run: Run }): ReactNode {
  const draft = useDraft(store, run);
  if (draft) {
    const said = readable(draft.text);
    const isCut = draft.isPartial || said.length > TAIL;
    return (
      <p className="lane-draft" data-draft={draft.callId}>
        {isCut && "… "}
        {said.slice(-TAIL)}
      </p>
    );
  }
  const last = run.steps.at(-1);
  return <p className="lane-now muted">{last ? nowWords(last) : "Reading the document…"}</p>;
}

/** A draft for people: findings are written as JSON, of which one reads what they say. */
export function readable(draft: string): string {
  if (!/^\s*(```\w*\s*)?[[{]/.test(draft)) return draft;
  const said = [...draft.matchAll(/"message"\s*:\s*"((?:[^"\\]|\\.)*)/g)].map(([, text = ""]) => text.replaceAll(/\\n/g, " ").replaceAll(/\\(.)/g, "$1"));
  return said.length > 0 ? said.join("\n") : "Writing its findings…";
}

function nowWords(step: Step): string {
  switch (step.kind) {
    case "turn": {
      const waiting = step.tools.find(({ result }) => result === null);
      return waiting ? `Using ${waiting.name}…` : "Asking its model…";
    }
    case "line":
    case "note":
      return step.text;
    case "question":
      return step.answer === null ? "Waits for an answer" : "Goes on…";
    case "handover":
      return `Waits for ${step.to}`;
    case "decision":
      return step.text;
  }
}
