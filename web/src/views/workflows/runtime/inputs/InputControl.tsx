/** The control of an input that is not linked. While the workflow is live, a change is sent at once. */

import { memo, useId, type ReactNode } from "react";
import { Icon } from "../../../../ui/Icon";
import { useEditor } from "../../editor";
import type { GraphNode, InputPort, Json } from "../../model";
import { ChoiceInput } from "./ChoiceInput";
import { JsonInput } from "./JsonInput";
import { ListInput, isPlainList } from "./ListInput";
import { NumberInput } from "./NumberInput";
import { TextInput } from "./TextInput";
import { useInput, type InputState } from "./useInput";

/** What every control gets. */
export interface ControlProps extends InputState {
  input: InputPort;
  /** What names it for those who do not see it. */
  label: string;
  /** Of the element that says what is wrong, where something is. */
  describedBy: string | undefined;
}

export const InputControl = memo(function InputControl({ node, input }: { node: GraphNode; input: InputPort }): ReactNode {
  const state = useInput(node, input);
  const id = useId();
  const options = useOptions(node, input);
  const props: ControlProps = { ...state, input, label: `${input.name} of ${node.title || node.id}`, describedBy: state.refusal ? id : undefined };
  return (
    <div className="run-input nodrag nowheel nopan" data-type={input.type}>
      {options ? <ChoiceInput {...props} options={options} /> : <Control {...props} />}
      {state.refusal && (
        <p className={state.refusal.isWrong ? "run-refused" : "run-note"} id={id} role="status">
          {state.refusal.isWrong && <Icon name="alert" />}
          {state.refusal.words}
        </p>
      )}
    </div>
  );
});

/** What there is to choose from: the choices of the input, or, of a select, its own options. */
function useOptions(node: GraphNode, input: InputPort): readonly Json[] | null {
  const isLinked = useEditor(({ workflow }) => node.type === "SelectInput" && workflow.edges.some(({ target, target_input }) => target === node.id && target_input === "options"));
  if (input.choices?.length) return input.choices;
  if (node.type !== "SelectInput" || input.name !== "value" || isLinked) return null;
  const options = node.inputs["options"];
  return Array.isArray(options) && options.length > 0 ? (options as Json[]) : null;
}

function Control(props: ControlProps): ReactNode {
  const { input, value, change, label, describedBy, refusal } = props;
  switch (input.type) {
    case "text":
      return <TextInput {...props} />;
    case "number":
    case "integer":
      return <NumberInput {...props} />;
    case "boolean":
      return (
        <button
          type="button"
          role="switch"
          className="run-switch"
          aria-checked={value === true}
          aria-label={label}
          aria-describedby={describedBy}
          aria-invalid={refusal?.isWrong || undefined}
          onClick={() => change(value !== true, { goBack: true })}
        >
          <span className="run-switch-knob" aria-hidden="true" />
          <span>{value === true ? "yes" : value === false ? "no" : "not set"}</span>
        </button>
      );
    case "list":
      return isPlainList(value) ? <ListInput {...props} /> : <JsonInput {...props} />;
    case "json":
    case "object":
      return <JsonInput {...props} />;
    default:
      return <JsonInput {...props} />;
  }
}
