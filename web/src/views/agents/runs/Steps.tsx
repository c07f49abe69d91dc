/** What an agent did: its turns with their calls of tools, what its program printed, what it asked, whom it handed work to. */

import { memo, type ReactNode } from "react";
import { writeJson, type Draft, type SessionStore, type TurnWarning } from "@callboard/client";
import { Icon, type IconName } from "../../../ui/Icon";
import { clock, count } from "../../../ui/time";
import type { Run, Step, ToolUse } from "./board";
import { useAgentName } from "./names";
import { Said } from "./Said";
import { useDraft } from "./useBoard";

export function Steps({ run, store }: { run: Run; store: SessionStore }): ReactNode {
  const draft = useDraft(store, run);
  return (
    <ol className="steps">
      {run.linesDropped > 0 && <li className="steps-dropped muted">{count(run.linesDropped)} earlier lines are in the session’s output.</li>}
      {run.steps.map((step) => (
        <StepRow key={step.seq} step={step} />
      ))}
      {draft && <DraftRow draft={draft} />}
    </ol>
  );
}

/** A reply that is being written. What is read aloud is the whole of it, once it is there. */
function DraftRow({ draft }: { draft: Draft }): ReactNode {
  return (
    <li className="step" data-kind="draft" aria-live="off" data-draft={draft.callId}>
      <Icon name="spin" className="spinning" />
      <div className="step-text">
        <p className="step-lead">{draft.try > 1 ? `Writing, try ${draft.try}…` : "Writing…"}</p>
        <div className="said">
          <p>
            {draft.isPartial && "… "}
            {draft.text}
          </p>
        </div>
      </div>
    </li>
  );
}

const ICONS: Record<Exclude<Step["kind"], "line">, IconName> = { turn: "spark", question: "hand", handover: "send", decision: "check", note: "info" };
const DECISIONS: Readonly<Record<string, string>> = {
  accept: "Accepted the work", revise: "Wants it revised", reassign: "Wants somebody else to do it", ask_human: "Wants to ask a person", finish: "Finished",
};

const WARNINGS: Readonly<Record<TurnWarning, string>> = {
  length: "The reply was cut off: it reached the most tokens that it may have.",
  truncated: "The model’s server counted far fewer tokens than it was sent: it has probably cut the conversation.",
};

const StepRow = memo(function StepRow({ step }: { step: Step }): ReactNode {
  if (step.kind === "line") {
    return (
      <li className="step-line mono" data-kind="line">
        {step.text}
      </li>
    );
  }
  return (
    <li className="step" data-kind={step.kind}>
      <Icon name={ICONS[step.kind]} />
      <div className="step-text">
        <Body step={step} />
      </div>
      <time>{clock(step.at)}</time>
    </li>
  );
});

function Body({ step }: { step: Exclude<Step, { kind: "line" }> }): ReactNode {
  const nameOf = useAgentName();
  switch (step.kind) {
    case "turn":
      return (
        <>
          <p className="step-lead">
            Turn {step.turn}
            <span className="muted">
              {" "}
              · {step.isEstimated && "about "}
              {count(step.tokens)} tokens
            </span>
          </p>
          {step.leftOut > 0 && <p className="muted">The conversation was too long for the model: {count(step.leftOut)} bytes of it were left out.</p>}
          {step.warnings.map((warning) => (
            <p key={warning} className="step-warning">
              {WARNINGS[warning]}
            </p>
          ))}
          {step.reasoning && (
            <details className="reasoning">
              <summary>Reasoning</summary>
              <Said text={step.reasoning} />
            </details>
          )}
          {step.text && <Said text={step.text} />}
          {step.tools.map((tool) => (
            <Tool key={tool.id} tool={tool} />
          ))}
        </>
      );
    case "question":
      return (
        <>
          <p className="step-lead">Asked{step.answer !== null && <span className="step-answer"> {step.answer}</span>}</p>
          {step.message && <Said text={step.message} />}
        </>
      );
    case "handover":
      return (
        <>
          <p className="step-lead">Handed work to {nameOf(step.to)}</p>
          <Said text={step.text} />
        </>
      );
    case "decision":
      return (
        <>
          <p className="step-lead">{DECISIONS[step.word] ?? step.word}</p>
          {step.text && <Said text={step.text} />}
        </>
      );
    case "note":
      return <Said text={step.text} />;
  }
}

function Tool({ tool: { name, arguments: given, result } }: { tool: ToolUse }): ReactNode {
  const state = result === null ? "running" : result.ok ? "done" : "refused";
  return (
    <details className="tool" data-state={state}>
      <summary>
        <Icon name={state === "running" ? "spin" : state === "done" ? "check" : "cross"} className={state === "running" ? "spinning" : undefined} />
        <code>{name}</code>
        <span className="tool-brief">{brief(given)}</span>
        {state === "refused" && <span className="tag">refused</span>}
      </summary>
      <p className="tool-title">Arguments</p>
      <pre tabIndex={0} aria-label="Arguments">{typeof given === "string" ? given : writeJson(given, 2)}</pre>
      <p className="tool-title">Result</p>
      {result ? <Said text={result.text || "Nothing."} mono /> : <p className="muted">Waiting for it…</p>}
    </details>
  );
}

/** Arguments in one line. */
function brief(given: unknown): string {
  if (given === null || typeof given !== "object") return String(given ?? "");
  return Object.values(given).map((value) => (typeof value === "string" ? value : writeJson(value))).join(", ").replaceAll(/\s+/g, " ").slice(0, 120);
}
