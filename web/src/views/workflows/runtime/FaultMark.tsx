/** Whether the graph can run, in a word: beside what says how it is saved. */

import type { ReactNode } from "react";
import { Icon } from "../../../ui/Icon";
import { useEditor } from "../editor";
import { faultCount, useFaults } from "./faults";

export function FaultMark(): ReactNode {
  const { state, byNode, ofGraph } = useFaults();
  const isEmpty = useEditor(({ workflow }) => workflow.nodes.length === 0);
  const number = faultCount({ byNode, ofGraph });
  if (isEmpty) return null;
  // While a change is looked at, what was found before it stays, so that nothing flickers as one types.
  const shown = state === "asking" ? (number > 0 ? "faulty" : "asking") : state;
  return (
    <span className="run-check" data-state={shown} title={TITLES[shown]}>
      <Icon name={shown === "valid" ? "check" : shown === "asking" || shown === "unknown" ? "clock" : "alert"} />
      <span className="run-check-words">{shown === "faulty" ? (number === 1 ? "one fault" : `${number} faults`) : WORDS[shown]}</span>
    </span>
  );
}

const WORDS = { valid: "no faults", unreachable: "not checked", asking: "being checked", unknown: "being checked" } as const;

const TITLES = {
  valid: "The server has checked it: it can run.",
  faulty: "It cannot run yet: what is wrong is listed below the canvas.",
  unreachable: "The server could not be asked whether it can run.",
  asking: "Waiting for the server to check it",
  unknown: "Waiting for the server to check it",
} as const;
