/** What can be done with the workflow that is open: run it once, make it live, step, stop. */

import { CallboardError, createClient, faultsIn, type LiveOptions } from "@callboard/client";
import { tell } from "../../../shell/toasts";
import { author, useEditor } from "../editor";
import type { Workflow } from "../model";
import { faultCount, showFaults, useFaults } from "./faults";
import { useRuntime, type Busy } from "./runtime";
import { chooseRun } from "./runs/choose";

const client = createClient();

/** Runs it once. What was changed is saved first, because what runs is what is stored. */
export async function runOnce(): Promise<void> {
  await attempt("starting a run", async ({ id }) => {
    const { session_id } = await client.workflows.run(id, { idempotencyKey: crypto.randomUUID?.() ?? `run-${Date.now()}-${Math.random()}` });
    await stored(id);
    chooseRun(null);
    useRuntime.getState().store?.runs(session_id, author());
  });
}

/** Makes it live, or lets it go on where it is paused. */
export async function goLive(options: LiveOptions): Promise<void> {
  await attempt("going live", async ({ id }) => {
    const status = await client.workflows.start(id, options, { author: author() });
    await stored(id);
    chooseRun(null);
    useRuntime.getState().store?.stands(status);
  });
}

/** Does one iteration. */
export async function step(): Promise<void> {
  await attempt("stepping", async ({ id }) => {
    const status = await client.workflows.step(id, { author: author() });
    await stored(id);
    chooseRun(null);
    useRuntime.getState().store?.stands(status);
  });
}

/** Ends it. Nothing needs to be saved for that. */
export async function stop(): Promise<void> {
  const { store } = useRuntime.getState();
  if (!store || useRuntime.getState().busy) return;
  await guarded("stopping", async () => {
    const status = await client.workflows.stop(store.id, { author: author() });
    store.stands({ ...status, is_running: false, state: "stopped" });
  });
}

/** Cancels the run that is shown. */
export async function cancelRun(): Promise<void> {
  const run = useRuntime.getState().store?.getState().run;
  if (run?.state !== "running") return;
  try {
    await client.cancel(run.sessionId);
  } catch (error) {
    tell(`Not cancelled. ${words(error)}`, "bad");
  }
}

/** Opens a workflow in the editor and runs it as soon as it is there, once or live as it is made for; asking may come between. */
export function openAndRun(workflow: Workflow, isLive: boolean): void {
  const isThere = (): boolean => useEditor.getState().workflow === workflow;
  const run = (): void => void (isLive ? goLive({}) : runOnce());
  useEditor.getState().open(workflow);
  if (isThere()) return run();
  const timer = setTimeout(() => forget(), ASKING_MS);
  const forget = useEditor.subscribe(() => {
    if (!isThere()) return;
    clearTimeout(timer);
    forget();
    run();
  });
}

/** Whoever thinks longer about unsaved changes than that presses Run again. */
const ASKING_MS = 60_000;

const FIX_FIRST = "Fix the problems listed below the canvas first.";

async function attempt(busy: Exclude<Busy, null>, act: (workflow: Workflow & { id: string }) => Promise<void>): Promise<void> {
  if (useRuntime.getState().busy) return;
  // What is known to be refused is not even asked for: the problems are in sight instead.
  if (faultCount(useFaults.getState()) > 0 && useFaults.getState().state === "faulty") {
    useFaults.setState({ isOpen: true });
    useRuntime.setState({ refusal: FIX_FIRST });
    return;
  }
  await guarded(busy, async () => {
    const { workflow, isDirty } = useEditor.getState();
    let saved: Workflow | null = workflow;
    if (isDirty || workflow.version === undefined) {
      useRuntime.setState({ busy: "saving" });
      saved = await useEditor.getState().save();
      useRuntime.setState({ busy });
    }
    if (saved?.id === undefined) return;
    await act({ ...saved, id: saved.id });
  });
}

async function guarded(busy: Exclude<Busy, null>, act: () => Promise<void>): Promise<void> {
  useRuntime.setState({ busy, refusal: null });
  try {
    await act();
  } catch (error) {
    const faults = faultsIn(error);
    if (faults) showFaults(faults);
    useRuntime.setState({ refusal: faults ? FIX_FIRST : words(error) });
  } finally {
    useRuntime.setState({ busy: null });
  }
}

/** A workflow that was saved for the first time is watched a moment later. */
async function stored(id: string): Promise<void> {
  if (useRuntime.getState().store?.id === id) return;
  await new Promise<void>((done) => {
    const timer = setTimeout(() => end(), 2000);
    const forget = useRuntime.subscribe(({ store }) => store?.id === id && end());
    const end = (): void => {
      clearTimeout(timer);
      forget();
      done();
    };
  });
}

function words(error: unknown): string {
  return error instanceof CallboardError ? error.message : String(error);
}
