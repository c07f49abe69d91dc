/** What the editor may use of the runtime. */

export { FaultMark } from "./FaultMark";
export { FaultPanel } from "./FaultPanel";
export { faultCount, useFaults, useNodeFaults } from "./faults";
export { Gallery } from "./Gallery";
export { InputControl } from "./inputs/InputControl";
export { NodeBody } from "./NodeBody";
export { NodeMark } from "./NodeMark";
export { RunControls } from "./RunControls";
export { Runs } from "./runs/Runs";
export { nodeState, onWorkflowEvent, useIsLive, useNodeRun, useNodesTurn, useRuntime } from "./runtime";
export { STATES, StateRing } from "./states";
export { valueWords } from "./value";
export { useWay } from "./way";
