/** A node on the canvas: its title and state, its inputs with their controls, its outputs, and what it has to show. */

import { memo, useEffect, useRef, useState, type ReactNode } from "react";
import { Handle, Position, useStore, type NodeProps } from "@xyflow/react";
import { Icon } from "../../../ui/Icon";
import type { InputPort, OutputPort } from "../model";
import { InputControl, NodeBody, NodeMark, useNodeRun } from "../runtime";
import { isFar } from "./far";
import { NodeFace } from "./NodeFace";
import { useOverlay } from "./overlay";
import { letterOf } from "./PortMark";
import { classOf, portsOf } from "./pure/fit";
import type { CardNode } from "./pure/flow";
import { spaced } from "./pure/find";
import { retitle } from "./pure/graph";
import { useEditor } from "./store";

export const NodeCard = memo(function NodeCard({ id, data, selected }: NodeProps<CardNode>): ReactNode {
  const { node } = data;
  const nodeClass = useEditor((state) => classOf(state.catalogue, node.type));
  const isLoaded = useEditor((state) => state.catalogue !== null);
  const isOutlined = useEditor((state) => state.outlined.has(id));
  const state = useNodeRun(id)?.state ?? "idle";
  const isSmall = useStore(isFar);
  const linked = data.linked === "" ? [] : data.linked.split("\n");
  // A class that is not known has no ports to read: then those that are linked are shown.
  const { inputs, outputs } = portsOf(node, nodeClass, nodeClass ? [] : useEditor.getState().workflow.edges);
  const [isUnfolded, setIsUnfolded] = useState(false);
  const folded = inputs.filter(({ name, advanced }) => advanced && !linked.includes(name) && node.inputs?.[name] === undefined);
  const shown = isUnfolded ? inputs : inputs.filter((input) => !folded.includes(input));
  return (
    <div className="wf-card" data-selected={selected || undefined} data-outlined={isOutlined || undefined} data-state={state} data-class={node.type} data-category={nodeClass?.category}>
      {isSmall && <NodeFace node={node} nodeClass={nodeClass} />}
      <header className="wf-card-head">
        <Title id={id} title={node.title ?? spaced(node.type)} />
        <NodeMark nodeId={id} />
        {node.title !== undefined && <p className="wf-card-class">{spaced(node.type)}</p>}
      </header>
      {isLoaded && !nodeClass && (
        <p className="wf-card-unknown">
          <Icon name="alert" />
          This server has no node class "{node.type}".
        </p>
      )}
      {outputs.length > 0 && (
        <ul className="wf-ports">
          {outputs.map((output) => (
            <Output key={output.name} output={output} />
          ))}
        </ul>
      )}
      {inputs.length > 0 && (
        <ul className="wf-ports">
          {shown.map((input) => (
            <Input key={input.name} input={input} isLinked={linked.includes(input.name)}>
              {/* Which control it is, the class says; what was typed into another one would be lost. */}
              {isLoaded && <InputControl node={node} input={input} />}
            </Input>
          ))}
        </ul>
      )}
      {folded.length > 0 && (
        <button type="button" className="wf-card-more nodrag nopan" aria-expanded={isUnfolded} onClick={() => setIsUnfolded(!isUnfolded)}>
          <Icon name={isUnfolded ? "minus" : "plus"} />
          {isUnfolded ? "Fewer inputs" : `${folded.length} more ${folded.length === 1 ? "input" : "inputs"}`}
        </button>
      )}
      <div className="wf-card-body nodrag nowheel">
        <NodeBody node={node} nodeClass={nodeClass} />
      </div>
    </div>
  );
});

const Output = memo(function Output({ output }: { output: OutputPort }): ReactNode {
  return (
    <li className="wf-row wf-out" title={`${output.description} (${output.type})`}>
      <span className="wf-row-name">{output.name}</span>
      <Handle type="source" position={Position.Right} id={output.name} className={`wf-port wf-type-${output.type}`}>
        <span aria-hidden="true">{letterOf(output.type)}</span>
      </Handle>
    </li>
  );
});

function Input({ input, isLinked, children }: { input: InputPort; isLinked: boolean; children: ReactNode }): ReactNode {
  const optional = !input.required && input.default === undefined;
  return (
    <li className="wf-row wf-in" data-linked={isLinked || undefined}>
      <div className="wf-row-head" title={`${input.description} (${input.type}${input.lazy ? ", computed only when needed" : ""})`}>
        <Handle type="target" position={Position.Left} id={input.name} className={`wf-port wf-type-${input.type}`}>
          <span aria-hidden="true">{letterOf(input.type)}</span>
        </Handle>
        <span className="wf-row-name">{input.name}</span>
        {isLinked ? <span className="wf-row-note">linked</span> : optional ? <span className="wf-row-note">optional</span> : null}
      </div>
      {!isLinked && <div className="wf-row-control nodrag nopan">{children}</div>}
    </li>
  );
}

function Title({ id, title }: { id: string; title: string }): ReactNode {
  const isTitling = useOverlay((state) => state.titling === id);
  const begin = (): void => useOverlay.setState({ titling: id });
  if (isTitling) return <TitleField title={title} onDone={(next) => endTitling(id, title, next)} />;
  return (
    <h2 className="wf-card-title" onDoubleClick={begin} title="Double-click to rename">
      {title}
    </h2>
  );
}

function endTitling(id: string, before: string, next: string | null): void {
  useOverlay.setState({ titling: null });
  if (next !== null && next !== before) useEditor.getState().change(null, (workflow) => retitle(workflow, id, next));
  document.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(id)}"]`)?.focus({ preventScroll: true });
}

/** Enter and leaving take over what was written, Escape does not. */
export function TitleField({ title, onDone }: { title: string; onDone: (next: string | null) => void }): ReactNode {
  const field = useRef<HTMLInputElement>(null);
  const isDone = useRef(false);
  useEffect(() => field.current?.select(), []);
  const end = (next: string | null): void => {
    if (isDone.current) return;
    isDone.current = true;
    onDone(next);
  };
  return (
    <input
      ref={field}
      type="text"
      className="wf-title-field nodrag nopan"
      aria-label="Title"
      defaultValue={title}
      maxLength={120}
      autoFocus
      onBlur={(event) => end(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") end(event.currentTarget.value);
        else if (event.key === "Escape") end(null);
        // The arrow keys and Delete are the text's here, not the canvas's.
        event.stopPropagation();
      }}
    />
  );
}
