/** Everything that is wrong with the graph. A click goes to the node; a cycle is outlined. */

import { memo, useState, type ReactNode } from "react";
import { Icon } from "../../../ui/Icon";
import { useEditor } from "../editor";
import type { GraphFault } from "../model";
import { faultCount, useFaults, useValidation } from "./faults";
import { faultTitle } from "./faultWords";
import "./runtime.css";

/** Nothing while nothing is wrong: it lies over the canvas. */
export function FaultPanel(): ReactNode {
  useValidation();
  const { state, reason, byNode, ofGraph } = useFaults();
  const [isOpen, setOpen] = useState(hasRoom);
  const number = faultCount({ byNode, ofGraph });
  if (state === "unreachable") {
    return (
      <p className="run-faults run-faults-head" role="status" data-state={state}>
        <Icon name="alert" />
        <span>It could not be checked. {reason}</span>
      </p>
    );
  }
  if (number === 0) return null;
  return (
    <section className="run-faults" aria-label="Faults" data-state={state}>
      <button type="button" className="run-faults-head" aria-expanded={isOpen} title={isOpen ? "Hide the list" : "Show what is wrong"} onClick={() => setOpen(!isOpen)}>
        <Icon name="alert" />
        <span role="status">{number === 1 ? "One fault" : `${number} faults`} to mend before it can run.</span>
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

/** Where there is little room the list waits to be asked for. */
function hasRoom(): boolean {
  return typeof matchMedia !== "function" || matchMedia("(min-width: 761px)").matches;
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
