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
    <button type="button" className="run-check" data-state={shown} title={TITLES[shown]} disabled={shown !== "faulty"} onClick={() => useFaults.setState(({ isOpen }) => ({ isOpen: !isOpen }))}>
      <Icon name={shown === "valid" ? "check" : shown === "asking" || shown === "unknown" ? "clock" : "alert"} />
      <span className="run-check-words">{shown === "faulty" ? (number === 1 ? "1 problem" : `${number} problems`) : WORDS[shown]}</span>
    </button>
  );
}

const WORDS = { valid: "No problems", unreachable: "Not checked", asking: "Checking…", unknown: "Checking…" } as const;

const TITLES = {
  valid: "Checked by the server: it can run",
  faulty: "It cannot run yet. Show or hide the problems",
  unreachable: "The server could not be reached for a check",
  asking: "The server is checking it",
  unknown: "The server is checking it",
} as const;
