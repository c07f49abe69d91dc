/** The canvas: nodes, links, frames and notes, and what the pointer does with them. */

import { useCallback, useRef, type DragEvent, type MouseEvent, type ReactNode } from "react";
import { Background, BackgroundVariant, MiniMap, Panel, ReactFlow, useReactFlow, useStoreApi, type Connection, type FinalConnectionState, type MiniMapNodeProps } from "@xyflow/react";
import { Icon, type IconName } from "../../../ui/Icon";
import type { GraphEdge } from "../model";
import { useNodeRun } from "../runtime";
import { addNote, arrangeAll, CLASS_DATA, connect, importFile, insert, removeSelected } from "./actions";
import { select, useCanvas } from "./canvas";
import { Frame, Note } from "./Frames";
import { useContextMenu } from "./contextMenu";
import { isFar, useFar } from "./far";
import { DrawnLink, edgeBetween, LinkLine } from "./Links";
import { NodeCard } from "./NodeCard";
import { show } from "./overlay";
import { classOf, inputFor, outputFor, refusal, typeOfInput, typeOfOutput } from "./pure/fit";
import type { FlowEdge, FlowNode } from "./pure/flow";
import { edgeId, type Point } from "./pure/graph";
import { Sight, Stepper, useFocus } from "./Sight";
import { useEditor } from "./store";

const NODE_TYPES = { card: NodeCard, frame: Frame, note: Note };
const EDGE_TYPES = { link: LinkLine };
const ADDED_FOR_KEYS = ["Meta", "Control"];

export function Canvas(): ReactNode {
  const { nodes, edges, onNodesChange, onEdgesChange } = useCanvas();
  const outline = useEditor((state) => state.outline);
  const links = useLinks();
  const drops = useDrops();
  const menus = useContextMenu();
  const state = useStoreApi<FlowNode, FlowEdge>();
  // From afar a double click comes nearer; what stands on the node is not to be read there.
  const onNodeDoubleClick = useCallback((_: MouseEvent, { id, type }: FlowNode): void => {
    if (type === "card" && isFar(state.getState() as never)) useEditor.getState().focusNode(id);
  }, [state]);
  useFocus();
  useFar();
  return (
    <ReactFlow<FlowNode, FlowEdge>
      className="wf-flow"
      nodes={nodes}
      edges={edges}
      nodeTypes={NODE_TYPES}
      edgeTypes={EDGE_TYPES}
      onNodesChange={onNodesChange}
      onEdgesChange={onEdgesChange}
      {...links}
      {...drops}
      {...menus}
      onNodeDoubleClick={onNodeDoubleClick}
      connectionLineComponent={DrawnLink}
      connectionRadius={26}
      onPaneClick={() => outline([])}
      deleteKeyCode={null}
      multiSelectionKeyCode={ADDED_FOR_KEYS}
      zoomOnDoubleClick={false}
      minZoom={0.08}
      maxZoom={2}
      onlyRenderVisibleElements
      aria-label="Canvas"
    >
      <Background variant={BackgroundVariant.Dots} gap={22} size={1.4} />
      <Tools />
      <Stepper />
      <Sight />
      <MiniMap<FlowNode> className="wf-minimap" position="bottom-right" pannable zoomable nodeComponent={MiniNode} nodeClassName={(node) => node.type ?? ""} ariaLabel="Overview of the canvas" />
    </ReactFlow>
  );
}

/** A node in the overview; its colour tells how it stands. */
function MiniNode({ id, x, y, width, height, className, selected }: MiniMapNodeProps): ReactNode {
  const state = useNodeRun(id)?.state ?? "idle";
  return <rect className={`wf-mini ${className}`} data-state={state} data-selected={selected || undefined} x={x} y={y} width={width} height={height} rx={8} />;
}

/** Drawing links, ending one elsewhere, and letting one fall where nothing is. */
function useLinks() {
  const { screenToFlowPosition } = useReactFlow();
  const held = useRef<GraphEdge | null>(null);
  const isValidConnection = useCallback((to: Connection | FlowEdge): boolean => {
    const edge = edgeOf(to);
    const { workflow, catalogue } = useEditor.getState();
    const others = held.current ? { ...workflow, edges: workflow.edges.filter((one) => one !== held.current) } : workflow;
    return edge !== null && refusal(others, catalogue, edge) === null;
  }, []);
  const onConnect = useCallback((to: Connection): void => {
    const edge = edgeOf(to);
    if (edge) connect(edge);
  }, []);
  const onConnectEnd = useCallback(
    (event: globalThis.MouseEvent | TouchEvent, state: FinalConnectionState): void => {
      const { fromHandle, toHandle, toNode, isValid } = state;
      if (held.current || isValid || !fromHandle?.id) return;
      if (toHandle) {
        const edge = edgeBetween(fromHandle, toHandle);
        if (edge) connect(edge);
        return;
      }
      const isOutput = fromHandle.type === "source";
      if (toNode) return linkToNode({ node: fromHandle.nodeId, port: fromHandle.id, isOutput }, toNode.id);
      const at = screenToFlowPosition(pointOf(event));
      const origin = isOutput ? { kind: "output" as const, node: fromHandle.nodeId, output: fromHandle.id } : { kind: "input" as const, node: fromHandle.nodeId, input: fromHandle.id };
      show({ kind: "insert", at: isOutput ? { x: at.x, y: at.y - 40 } : { x: at.x - 260, y: at.y - 40 }, origin });
    },
    [screenToFlowPosition],
  );
  const onReconnectStart = useCallback((_: unknown, edge: FlowEdge): void => {
    held.current = edge.data?.edge ?? null;
  }, []);
  const onReconnect = useCallback((before: FlowEdge, to: Connection): void => {
    const edge = edgeOf(to);
    if (edge && before.data && edgeId(edge) !== before.id) connect(edge, before.data.edge);
  }, []);
  const onReconnectEnd = useCallback((_: unknown, edge: FlowEdge, __: unknown, state: FinalConnectionState): void => {
    const before = held.current;
    // Cleared after this event's other listener, which must not take it for a new link.
    setTimeout(() => (held.current = null), 0);
    if (!before || state.isValid) return;
    const to = state.fromHandle && state.toHandle ? edgeBetween(state.fromHandle, state.toHandle) : null;
    if (to) connect(to, before);
    else {
      select(new Set([edge.id]));
      removeSelected();
    }
  }, []);
  const onEdgeDoubleClick = useCallback(
    (event: MouseEvent, { data }: FlowEdge): void => {
      if (data) show({ kind: "insert", at: moved(screenToFlowPosition({ x: event.clientX, y: event.clientY }), -120, 30), origin: { kind: "link", edge: data.edge } });
    },
    [screenToFlowPosition],
  );
  return { isValidConnection, onConnect, onConnectEnd, onReconnectStart, onReconnect, onReconnectEnd, onEdgeDoubleClick };
}

/** A link that is let fall on a node, and not on one of its ports, goes to the port that fits best. */
function linkToNode(from: { node: string; port: string; isOutput: boolean }, to: string): void {
  const { workflow, catalogue } = useEditor.getState();
  const [one, other] = [from.node, to].map((id) => workflow.nodes.find((node) => node.id === id));
  const nodeClass = classOf(catalogue, other?.type);
  if (!nodeClass || from.node === to) return;
  if (from.isOutput) {
    const type = typeOfOutput(catalogue, one, from.port) ?? "json";
    const taken = new Set(workflow.edges.filter(({ target }) => target === to).map((edge) => edge.target_input));
    const free = { ...nodeClass, inputs: nodeClass.inputs.filter(({ name }) => !taken.has(name)) };
    const input = inputFor(catalogue, free, type) ?? inputFor(catalogue, nodeClass, type) ?? nodeClass.inputs[0];
    if (input) connect({ source: from.node, source_output: from.port, target: to, target_input: input.name });
    return;
  }
  const output = outputFor(catalogue, nodeClass, typeOfInput(catalogue, one, from.port) ?? "json") ?? nodeClass.outputs[0];
  if (output) connect({ source: to, source_output: output.name, target: from.node, target_input: from.port });
}

/** What is dragged onto the canvas: a class from the library, a file; and a double click on its ground. */
function useDrops() {
  const { screenToFlowPosition } = useReactFlow();
  const onDragOver = useCallback((event: DragEvent): void => {
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  }, []);
  const onDrop = useCallback(
    (event: DragEvent): void => {
      event.preventDefault();
      const [file] = event.dataTransfer.files;
      if (file) return void importFile(file);
      const nodeClass = classOf(useEditor.getState().catalogue, event.dataTransfer.getData(CLASS_DATA));
      if (nodeClass) insert(nodeClass, moved(screenToFlowPosition({ x: event.clientX, y: event.clientY }), -120, -20));
    },
    [screenToFlowPosition],
  );
  const onDoubleClick = useCallback(
    (event: MouseEvent): void => {
      if (!isGround(event.target)) return;
      show({ kind: "insert", at: screenToFlowPosition({ x: event.clientX, y: event.clientY }), origin: { kind: "free" } });
    },
    [screenToFlowPosition],
  );
  return { onDragOver, onDrop, onDoubleClick };
}

function Tools(): ReactNode {
  const { zoomIn, zoomOut } = useReactFlow();
  const middle = useMiddle();
  const tools: readonly [IconName, string, () => void][] = [
    ["plus", "Zoom in", () => void zoomIn({ duration: 120 })],
    ["minus", "Zoom out", () => void zoomOut({ duration: 120 })],
    ["frame", "Show everything (f)", () => useEditor.getState().showAll()],
    ["arrange", "Arrange (l)", arrangeAll],
    ["note", "Add a note (m)", () => addNote(middle())],
  ];
  return (
    <Panel position="bottom-left" className="wf-tools" role="toolbar" aria-label="Canvas">
      {tools.map(([icon, title, run]) => (
        <button key={icon} type="button" className="icon-button" aria-label={title.replace(/ \(.\)$/, "")} title={title} onClick={run}>
          <Icon name={icon} />
        </button>
      ))}
    </Panel>
  );
}

/** Gives the middle of what is seen, as a place on the canvas. */
export function useMiddle(): () => Point {
  const { screenToFlowPosition } = useReactFlow();
  return useCallback(() => {
    const box = document.querySelector(".wf-flow")?.getBoundingClientRect();
    return box ? moved(screenToFlowPosition({ x: box.x + box.width / 2, y: box.y + box.height / 2 }), -120, -60) : { x: 0, y: 0 };
  }, [screenToFlowPosition]);
}

export function isGround(target: EventTarget | null): boolean {
  return target instanceof Element && target.classList.contains("react-flow__pane");
}

function edgeOf({ source, sourceHandle, target, targetHandle }: Connection | FlowEdge): GraphEdge | null {
  return sourceHandle && targetHandle ? { source, source_output: sourceHandle, target, target_input: targetHandle } : null;
}

function pointOf(event: globalThis.MouseEvent | TouchEvent): Point {
  const at = "changedTouches" in event ? event.changedTouches[0] : event;
  return { x: at?.clientX ?? 0, y: at?.clientY ?? 0 };
}

function moved({ x, y }: Point, right: number, down: number): Point {
  return { x: x + right, y: y + down };
}
