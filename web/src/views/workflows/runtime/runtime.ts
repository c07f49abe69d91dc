/** The workflow that is watched now, and the parts of it that components select. */

import { useCallback, useSyncExternalStore } from "react";
import { create } from "zustand";
import type { NodeRun, NodeState, SessionStore, WorkflowEvent, WorkflowState, WorkflowStore } from "@callboard/client";

/** What was asked for here and is not answered yet. */
export type Busy = "saving" | "starting a run" | "going live" | "stopping" | "stepping" | null;

interface Runtime {
  /** Null while what is open was never saved. */
  store: WorkflowStore | null;
  /** The session of the run that is shown: a question of a run is answered through it. */
  runSession: SessionStore | null;
  busy: Busy;
  /** What was refused last, for people. */
  refusal: string | null;
}

export const useRuntime = create<Runtime>(() => ({ store: null, runSession: null, busy: null, refusal: null }));

const nothing = (): void => undefined;
const listeners = new Set<(event: WorkflowEvent) => void>();

/** Hears every event of the workflow that is open: saved elsewhere, started, stopped, run. Gives what ends that. */
export function onWorkflowEvent(listener: (event: WorkflowEvent) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Passes an event on to all who listen. */
export function tellEvent(event: WorkflowEvent): void {
  for (const listener of listeners) listener(event);
}

/** How a node stands; only the component that asks renders again when that changes. */
export function useNodeRun(nodeId: string): NodeRun | undefined {
  const store = useRuntime((runtime) => runtime.store);
  const subscribe = useCallback((listener: () => void) => store?.subscribeNode(nodeId, listener) ?? nothing, [store, nodeId]);
  return useSyncExternalStore(subscribe, () => store?.node(nodeId));
}

/** Whether the canvas shows a run, once or live. */
export function useIsPainted(): boolean {
  return useWorkflow((state) => state.showsRun || state.live.state !== "stopped" || state.live.count > 0, false);
}

/** How a node stands, in a word: for places that show many nodes, such as a map of them. */
export function nodeState(nodeId: string): NodeState {
  return useRuntime.getState().store?.node(nodeId)?.state ?? "idle";
}

/** Counts up with every change of the nodes, a few times a second at most: for what shows many of them at once. */
export function useNodesTurn(): number {
  const store = useRuntime((runtime) => runtime.store);
  const subscribe = useCallback(
    (listener: () => void) => {
      let timer: ReturnType<typeof setTimeout> | null = null;
      const hear = (): void => {
        timer ??= setTimeout(() => {
          timer = null;
          turn += 1;
          listener();
        }, MANY_MS);
      };
      const forget = store?.subscribe(hear) ?? nothing;
      return () => {
        forget();
        if (timer !== null) clearTimeout(timer);
      };
    },
    [store],
  );
  return useSyncExternalStore(subscribe, () => turn);
}

const MANY_MS = 250;
let turn = 0;

/** What an input of the live workflow was changed to; `undefined` where it was not. */
export function useLiveInput(nodeId: string, name: string): unknown {
  const store = useRuntime((runtime) => runtime.store);
  const subscribe = useCallback((listener: () => void) => store?.subscribeNode(nodeId, listener) ?? nothing, [store, nodeId]);
  return useSyncExternalStore(subscribe, () => store?.input(nodeId, name));
}

/** A part of the workflow's state. Renders again only when the part is another; it must be one by `Object.is`. */
export function useWorkflow<T>(select: (state: WorkflowState) => T, without: T): T {
  const store = useRuntime((runtime) => runtime.store);
  const subscribe = useCallback((listener: () => void) => store?.subscribe(listener) ?? nothing, [store]);
  return useSyncExternalStore(subscribe, () => (store ? select(store.getState()) : without));
}

/** Whether the workflow is live, so that changed inputs are sent at once. */
export function useIsLive(): boolean {
  return useWorkflow((state) => state.live.state !== "stopped", false);
}
