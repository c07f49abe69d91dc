/** What others do to the workflow that is open here. */

import type { Json } from "../model";
import { useEditor, type Elsewhere } from "./store";
import { setInput } from "./pure/graph";

/** Somebody has saved a version. What was saved from here is no news. */
export function changedElsewhere(workflowId: string, news: Elsewhere): void {
  const { workflow, isSaving } = useEditor.getState();
  if (workflow.id !== workflowId || isSaving || news.version <= (workflow.version ?? 0)) return;
  useEditor.setState({ elsewhere: news });
}

/** Somebody has turned an input of the live workflow: it is shown here, without a step of undo and without a change to save. */
export function inputChangedElsewhere(workflowId: string, nodeId: string, input: string, value: Json): void {
  const { workflow, saved } = useEditor.getState();
  if (workflow.id !== workflowId || !workflow.nodes.some(({ id }) => id === nodeId)) return;
  const { pause, resume } = useEditor.temporal.getState();
  const changed = setInput(workflow, nodeId, input, value);
  pause();
  // What was saved takes the value over, too, so that a value of somebody else is not counted as a change made here.
  const wasClean = saved?.nodes === workflow.nodes;
  useEditor.setState({ workflow: changed, ...(wasClean && saved && { saved: { ...saved, nodes: changed.nodes } }) });
  resume();
}
