/** What a run does right now, or what came of it, in one line. */

import { count } from "../../../ui/time";
import type { Run } from "../runs/board";

export function noteOf(run: Run, isHandedOn: boolean, nameOf: (id: string) => string): string {
  const who = isHandedOn ? `${nameOf(run.agentId)}: ` : "";
  if (run.status === "failed") return run.error ?? "";
  if (run.status !== "working") return [run.turns > 0 && `${run.turns} ${run.turns === 1 ? "turn" : "turns"}`, run.tokens > 0 && `${count(run.tokens)} tokens`].filter(Boolean).join(", ");
  const last = run.steps.at(-1);
  if (!last) return `${who}begins`;
  switch (last.kind) {
    case "turn": {
      const waiting = last.tools.find(({ result }) => result === null);
      return `${who}${waiting ? `uses ${waiting.name}` : `turn ${last.turn + 1}`}`;
    }
    case "handover":
      return `${who}waits for ${nameOf(last.to)}`;
    case "question":
      return last.answer === null ? `${who}waits for an answer` : `${who}goes on`;
    case "line":
    case "note":
    case "decision":
      return `${who}${last.text}`;
  }
}
