/** The problems of the graph, docked below the canvas. A click goes to the node; a cycle is outlined. */

import { memo, type ReactNode } from "react";
import { Icon } from "../../../ui/Icon";
import { useEditor } from "../editor";
import { spaced } from "../editor/pure/find";
import type { GraphFault } from "../model";
import { faultCount, useFaults, useValidation } from "./faults";
import { faultTitle } from "./faultWords";
import "./runtime.css";

export function FaultPanel(): ReactNode {
  useValidation();
  const { state, reason, byNode, ofGraph, isOpen } = useFaults();
  const number = faultCount({ byNode, ofGraph });
  if (state === "unreachable") {
    return (
      <p className="run-faults run-faults-head" role="status" data-state={state}>
        <Icon name="alert" />
        <span>The graph could not be checked. {reason}</span>
      </p>
    );
  }
  if (number === 0) return null;
  return (
    <section className="run-faults" aria-label="Problems" data-state={state}>
      <button type="button" className="run-faults-head" aria-expanded={isOpen} title={isOpen ? "Hide the problems" : "Show the problems"} onClick={() => useFaults.setState({ isOpen: !isOpen })}>
        <Icon name="alert" />
        <span role="status">{number === 1 ? "1 problem" : `${number} problems`} to fix before it can run</span>
        <Icon name={isOpen ? "minus" : "up"} className="run-faults-fold" />
      </button>
      {isOpen && (
        <ul>
          {ofGraph.map((fault, place) => (
            <li key={`graph-${place}`}>
              <FaultText fault={fault} />
            </li>
          ))}
          {Object.entries(byNode).map(([id, { class_type, errors }]) => (
            <NodeFaults key={id} id={id} classType={class_type} errors={errors} />
          ))}
        </ul>
      )}
    </section>
  );
}

const NodeFaults = memo(function NodeFaults({ id, classType, errors }: { id: string; classType: string; errors: readonly GraphFault[] }): ReactNode {
  const title = useEditor(({ workflow }) => workflow.nodes.find((node) => node.id === id)?.title);
  const isAlone = useEditor(({ workflow }) => workflow.nodes.filter(({ type }) => type === classType).length === 1);
  return (
    <li>
      {errors.map((fault, place) => (
        <button key={place} type="button" className="run-fault-row" onClick={() => show(id, fault)}>
          <span className="run-fault-node">{title || spaced(classType) || id}</span>
          {!title && !isAlone && <span className="run-fault-class">{id}</span>}
          <FaultText fault={fault} />
        </button>
      ))}
    </li>
  );
});

function FaultText({ fault }: { fault: GraphFault }): ReactNode {
  const input = fault.extra_info["input_name"];
  return (
    <span className="run-fault-text">
      <strong>{faultTitle(fault)}</strong>
      {typeof input === "string" && <code>{input}</code>}
      {fault.details && <span>{withoutName(fault.details, input)}</span>}
    </span>
  );
}

/** `a: must be a number` beside the input's name says it twice. */
function withoutName(details: string, input: unknown): string {
  return typeof input === "string" && details.startsWith(`${input}: `) ? details.slice(input.length + 2) : details;
}

/** Goes to the node; of a cycle, all nodes of it are outlined. */
function show(id: string, { extra_info }: GraphFault): void {
  const { focusNode, outline } = useEditor.getState();
  const cycle = extra_info["cycle"];
  focusNode(id);
  outline(Array.isArray(cycle) ? [...new Set(cycle.map(String))] : [id]);
}
