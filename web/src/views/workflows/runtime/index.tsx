/** What the editor may use of the runtime. */

import type { ReactNode } from "react";
import type { GraphNode, InputPort, NodeClass, NodeRun } from "../model";

/** How a node stands; only the component that asks renders again when that changes. */
export function useNodeRun(_nodeId: string): NodeRun | undefined {
  return undefined;
}

/** The head's mark of a node: its state with an icon and a word, how long it took, how often it ran. */
export function NodeMark(_props: { nodeId: string }): ReactNode {
  return null;
}

/** What stands below a node's ports: its error, the question that it waits with, a preview of its values, a chart. */
export function NodeBody(_props: { node: GraphNode; nodeClass: NodeClass | undefined }): ReactNode {
  return null;
}

/** The control of an input that is not linked; while the workflow is live, a change is sent at once. */
export function InputControl(_props: { node: GraphNode; input: InputPort }): ReactNode {
  return null;
}

/** Run, Live, Step, Stop, the interval, and how it goes: the right part of the canvas's tool bar. */
export function RunControls(): ReactNode {
  return null;
}

/** Everything that is wrong with the graph; a click goes to the node. */
export function FaultPanel(): ReactNode {
  return null;
}

/** The examples, and the workflows that are stored. */
export function Gallery(): ReactNode {
  return null;
}
