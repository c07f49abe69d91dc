/** Brings nodes to sight: the one that is asked for, the one that asks a person, and on a phone one after the other. */

import { useCallback, useEffect, useMemo, useRef, type ReactNode } from "react";
import { Panel, useNodesInitialized, useReactFlow, type ReactFlowInstance } from "@xyflow/react";
import { create } from "zustand";
import { Icon } from "../../../ui/Icon";
import { nodeState, useNodesTurn, useRuntime } from "../runtime";
import { show } from "./overlay";
import type { FlowEdge, FlowNode } from "./pure/flow";
import { GUESS, placeOf, titleOf, type Point, type Size } from "./pure/graph";
import { reading } from "./pure/order";
import { canBeRead, isNarrow, revealed, startOf, viewOf, wholeOf, type Stage, type View } from "./pure/view";
import { useEditor } from "./store";

type Flow = ReactFlowInstance<FlowNode, FlowEdge>;

const GLIDE_MS = 220;

/** The node that was brought to sight last. */
const useSeen = create<{ id: string | null }>(() => ({ id: null }));

function stage(): Stage | null {
  const box = document.querySelector(".wf-flow")?.getBoundingClientRect();
  if (!box || box.width === 0) return null;
  const bars = isNarrow(box) ? [...document.querySelectorAll(".wf-stepper, .wf-over > *")].map((bar) => bar.getBoundingClientRect()) : [];
  const covered = Math.max(0, ...bars.filter(({ height }) => height > 0).map(({ top }) => box.bottom - top));
  return { width: box.width, height: box.height, covered: Math.min(covered, box.height / 2) };
}

/** What lies over the canvas, in its own pixels. */
function bars(): (Point & Size)[] {
  const ground = document.querySelector(".wf-flow")?.getBoundingClientRect();
  if (!ground) return [];
  return [...document.querySelectorAll(".wf-tools, .wf-minimap, .wf-stepper")]
    .map((bar) => bar.getBoundingClientRect())
    .filter(({ width, height }) => width > 0 && height > 0)
    .map(({ x, y, width, height }) => ({ x: x - ground.x, y: y - ground.y, width, height }));
}

/** Shows the whole graph, clear of what lies over the canvas. */
async function showWhole(flow: Flow, duration: number): Promise<void> {
  const seen = stage();
  const nodes = flow.getNodes();
  if (!seen || nodes.length === 0) return;
  shownWhole = wholeOf(flow.getNodesBounds(nodes), seen, bars());
  await flow.setViewport(shownWhole, { duration });
}

/** The view that showed the whole graph last. While nobody has moved away from it, it is kept as the canvas gets another size. */
let shownWhole: View | null = null;

/** A panel that opens beside the canvas must not push nodes out of sight or under a bar. */
function useKeptWhole(): void {
  const flow = useReactFlow<FlowNode, FlowEdge>();
  useEffect(() => {
    const ground = document.querySelector(".wf-flow");
    if (!ground) return undefined;
    // What somebody holds must not move away from under the pointer.
    let isHeld = false;
    const hold = (): void => void (isHeld = true);
    const release = (): void => void (isHeld = false);
    ground.addEventListener("pointerdown", hold, { capture: true });
    for (const kind of ["pointerup", "pointercancel"]) window.addEventListener(kind, release, { capture: true });
    const watch = new ResizeObserver(() => {
      if (isHeld) shownWhole = null;
      if (shownWhole && isSame(flow.getViewport(), shownWhole)) void showWhole(flow, 0);
    });
    watch.observe(ground);
    return () => {
      watch.disconnect();
      ground.removeEventListener("pointerdown", hold, { capture: true });
      for (const kind of ["pointerup", "pointercancel"]) window.removeEventListener(kind, release, { capture: true });
      shownWhole = null;
    };
  }, [flow]);
}

/** Shows a node, and gives the view that does; one that asks is left where it is if it can be read there. */
function bring(flow: Flow, id: string, { asks = false, isGentle = false, duration = GLIDE_MS }: { asks?: boolean; isGentle?: boolean; duration?: number } = {}): View | null {
  const node = useEditor.getState().workflow.nodes.find((one) => one.id === id);
  const seen = stage();
  if (!node || !seen) return null;
  useSeen.setState({ id });
  const { width = GUESS.width, height = GUESS.height } = flow.getNode(id)?.measured ?? {};
  const box = { ...placeOf(node), width, height };
  const before = flow.getViewport();
  if (asks && canBeRead(box, before, seen)) return null;
  const view = isGentle ? revealed(box, before, seen) : viewOf(box, before, seen, asks);
  if (!view) return null;
  void flow.setViewport(view, { duration });
  return view;
}

/** Where there is little room the canvas begins with its first node; elsewhere with all of them, or where they begin if all would be too small. */
async function begin(flow: Flow): Promise<void> {
  const [first] = reading(useEditor.getState().workflow);
  const seen = stage();
  if (first === undefined || !seen) return;
  if (isNarrow(seen)) return void bring(flow, first, { duration: 0 });
  await showWhole(flow, 0);
  const view = startOf(flow.getNodesBounds(flow.getNodes()), flow.getViewport(), seen);
  if (view) await flow.setViewport(view);
}

/** Does so once what was opened has been drawn, and so measured. */
function useBeginning(): void {
  const flow = useReactFlow<FlowNode, FlowEdge>();
  const isDrawn = useNodesInitialized();
  const isBegun = useRef(useEditor.getState().workflow.nodes.length === 0);
  useEffect(() => useSeen.setState({ id: null }), []);
  useEffect(() => {
    if (!isDrawn || isBegun.current) return;
    isBegun.current = true;
    void begin(flow);
  }, [isDrawn, flow]);
}

/** Brings a node to sight when it is asked for, or the whole graph. */
export function useFocus(): void {
  const flow = useReactFlow<FlowNode, FlowEdge>();
  const focused = useEditor((state) => state.focused);
  const overviews = useEditor((state) => state.overviews);
  useEffect(() => {
    if (overviews === 0) return undefined;
    // What was arranged stands in its new place only once it has been drawn there.
    const frame = requestAnimationFrame(() => void showWhole(flow, GLIDE_MS));
    return () => cancelAnimationFrame(frame);
  }, [overviews, flow]);
  useEffect(() => {
    if (!focused) return undefined;
    bring(flow, focused.id, { isGentle: focused.isGentle });
    if (focused.isGentle) return undefined;
    // Once it is in sight it is drawn, and can be focused.
    const timer = setTimeout(() => document.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(focused.id)}"]`)?.focus({ preventScroll: true }), GLIDE_MS + 80);
    return () => clearTimeout(timer);
  }, [focused, flow]);
}

/** Who did something on the canvas so shortly before is at work there, and is not carried off. */
const AT_WORK_MS = 6000;
/** A card grows once its question has come; it is looked at now and then again. */
const LOOKS_MS = [250, 800, 1600] as const;

/** Where the canvas begins; and that a node which begins to ask a person comes to sight, unless the person is at work elsewhere on the canvas. */
export function Sight(): ReactNode {
  useBeginning();
  useKeptWhole();
  const flow = useReactFlow<FlowNode, FlowEdge>();
  const turn = useNodesTurn();
  const known = useRef<ReadonlySet<string>>(new Set());
  const looks = useRef<ReturnType<typeof setTimeout>[]>([]);
  /** Where one was carried off from; once all is answered one comes back, unless one has gone elsewhere. */
  const trip = useRef<{ from: View; to: View } | null>(null);
  const isAtWork = useAtWork();
  const forget = useCallback(() => looks.current.splice(0).forEach(clearTimeout), []);
  // Whoever asks for another place meanwhile is carried neither off nor back.
  const [focused, overviews] = [useEditor((state) => state.focused), useEditor((state) => state.overviews)];
  useEffect(() => {
    trip.current = null;
    forget();
  }, [focused, overviews, forget]);
  useEffect(() => {
    const asking = useEditor.getState().workflow.nodes.map(({ id }) => id).filter((id) => nodeState(id) === "waiting");
    const fresh = asking.find((id) => !known.current.has(id));
    known.current = new Set(asking);
    if (asking.length === 0 && trip.current) {
      const { from, to } = trip.current;
      trip.current = null;
      if (isSame(flow.getViewport(), to)) void flow.setViewport(from, { duration: GLIDE_MS });
    }
    if (fresh === undefined || isAtWork()) return;
    forget();
    const look = (): void => {
      if (isAtWork() || nodeState(fresh) !== "waiting") return;
      const before = flow.getViewport();
      const to = bring(flow, fresh, { asks: true });
      if (to) trip.current = { from: trip.current?.from ?? before, to };
    };
    looks.current = LOOKS_MS.map((ms) => setTimeout(look, ms));
  }, [turn, flow, isAtWork, forget]);
  useEffect(() => () => void forget(), [forget]);
  return null;
}

function isSame(one: View, other: View): boolean {
  return Math.abs(one.x - other.x) < 2 && Math.abs(one.y - other.y) < 2 && Math.abs(one.zoom - other.zoom) < 0.01;
}

function useAtWork(): () => boolean {
  const last = useRef(-AT_WORK_MS);
  useEffect(() => {
    const hear = (event: Event): void => {
      const { target } = event;
      if (!(target instanceof Element) || !target.closest(".wf-flow")) return;
      // Answering is what one was brought there for.
      if (target.closest(".run-question, .wf-stepper")) return;
      if (event instanceof KeyboardEvent && (event.ctrlKey || event.metaKey)) return;
      last.current = performance.now();
    };
    const kinds = ["pointerdown", "wheel", "keydown"] as const;
    for (const kind of kinds) document.addEventListener(kind, hear, { capture: true, passive: true });
    // Whoever has it run looks at what comes of it.
    const forget = useRuntime.subscribe(({ busy }) => {
      if (busy !== null) last.current = -AT_WORK_MS;
    });
    return () => {
      for (const kind of kinds) document.removeEventListener(kind, hear, { capture: true });
      forget();
    };
  }, []);
  return useCallback(() => performance.now() - last.current < AT_WORK_MS, []);
}

/** From node to node on a phone, where pulling a wide canvas about is no way to read it. */
export function Stepper(): ReactNode {
  const workflow = useEditor((state) => state.workflow);
  const { nodes, edges } = workflow;
  const order = useMemo(() => reading({ nodes, edges }), [nodes, edges]);
  const seen = useSeen((state) => state.id);
  const at = Math.max(0, order.indexOf(seen ?? ""));
  const node = nodes.find(({ id }) => id === order[at]);
  if (!node) return null;
  const to = (step: number): void => {
    const id = order[at + step];
    if (id !== undefined) useEditor.getState().focusNode(id);
  };
  return (
    <Panel position="bottom-center" className="wf-stepper" role="toolbar" aria-label="From node to node">
      <button type="button" className="icon-button" aria-label="The node before" disabled={at === 0} onClick={() => to(-1)}>
        <Icon name="right" />
      </button>
      <button type="button" className="wf-stepper-node" title="All nodes" onClick={() => show({ kind: "find" })}>
        <strong>{titleOf(node)}</strong>
        <span>
          {at + 1} of {order.length}
        </span>
      </button>
      <button type="button" className="icon-button" aria-label="The next node" disabled={at === order.length - 1} onClick={() => to(1)}>
        <Icon name="right" />
      </button>
    </Panel>
  );
}
