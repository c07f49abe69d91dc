/** Everything that is wrong with the graph. A click goes to the node; a cycle is outlined. */

import { memo, type ReactNode } from "react";
import { Icon } from "../../../ui/Icon";
import { useEditor } from "../editor";
import type { GraphFault } from "../model";
import { faultCount, useFaults, useValidation } from "./faults";
import { faultTitle } from "./faultWords";
import "./runtime.css";

export function FaultPanel(): ReactNode {
  useValidation();
  const { state, reason, byNode, ofGraph } = useFaults();
  const isEmpty = useEditor(({ workflow }) => workflow.nodes.length === 0);
  const number = faultCount({ byNode, ofGraph });
  return (
    <section className="run-faults" aria-label="Faults" data-state={state}>
      <p className="run-faults-head" role="status">
        {state === "valid" && <Icon name="check" />}
        {(state === "faulty" || state === "unreachable") && <Icon name="alert" />}
        <span>{headWords(state, number, reason, isEmpty)}</span>
      </p>
      {number > 0 && (
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

function headWords(state: string, number: number, reason: string, isEmpty: boolean): string {
  if (isEmpty) return "Nothing to check yet: add a node.";
  if (state === "valid") return "No faults: it can run.";
  if (state === "unreachable") return `It could not be checked. ${reason}`;
  if (number > 0) return `${number === 1 ? "One fault" : `${number} faults`} to mend before it can run.`;
  return "Waiting for the server to check it…";
}

const NodeFaults = memo(function NodeFaults({ id, classType, errors }: { id: string; classType: string; errors: readonly GraphFault[] }): ReactNode {
  const title = useEditor(({ workflow }) => workflow.nodes.find((node) => node.id === id)?.title);
  return (
    <li>
      {errors.map((fault, place) => (
        <button key={place} type="button" className="run-fault-row" onClick={() => show(id, fault)}>
          <span className="run-fault-node">{title || id}</span>
          {title && <span className="run-fault-class">{classType}</span>}
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
      {fault.details && <span>{fault.details}</span>}
    </span>
  );
}

/** Goes to the node; of a cycle, all nodes of it are outlined. */
function show(id: string, { extra_info }: GraphFault): void {
  const { focusNode, outline } = useEditor.getState();
  const cycle = extra_info["cycle"];
  focusNode(id);
  outline(Array.isArray(cycle) ? [...new Set(cycle.map(String))] : [id]);
}
