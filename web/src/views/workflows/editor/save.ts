/** Saving: as it is, as a draft where it cannot run yet, and what is asked when somebody else was faster. */

import { CallboardError } from "@callboard/client";
import { navigate, ROOT } from "../../../shell/router";
import { tell } from "../../../shell/toasts";
import type { GraphFaults, Workflow } from "../model";
import { create, loadWorkflow, update, type Stored } from "./api";
import { choose } from "./choices";
import { dropDraft } from "./drafts";
import { useEditor } from "./store";

let underWay: Promise<Workflow | null> | null = null;

/** Saves what is open; a second call joins one that is under way. */
export function save(): Promise<Workflow | null> {
  underWay ??= saveNow().finally(() => {
    underWay = null;
    useEditor.setState({ isSaving: false });
  });
  return underWay;
}

async function saveNow(): Promise<Workflow | null> {
  const { workflow, isDirty } = useEditor.getState();
  if (!isDirty && workflow.version !== undefined) return workflow;
  return attempt(workflow, workflow.version ?? null);
}

/** Saves a copy under another name, and opens it. */
export async function saveCopy(): Promise<Workflow | null> {
  const { id: _id, version: _version, ...rest } = useEditor.getState().workflow;
  return attempt({ ...rest, name: copyName(rest.name) }, null);
}

export function copyName(name: string): string {
  const found = /^(.*) \(copy(?: (\d+))?\)$/.exec(name);
  return found ? `${found[1]} (copy ${Number(found[2] ?? 1) + 1})` : `${name} (copy)`;
}

async function attempt(workflow: Workflow, version: number | null): Promise<Workflow | null> {
  const before = useEditor.getState().key;
  useEditor.setState({ isSaving: true });
  try {
    const result = await send(workflow, version);
    if (result.kind === "conflict") return await resolve(workflow, result.version);
    if (result.kind === "gone") return await resolveGone(workflow);
    if (result.kind === "invalid") {
      tell(`Not saved: ${faultWords(result.faults)}.`, "bad");
      return null;
    }
    return accept(workflow, result.workflow, before);
  } catch (error) {
    tell(`Not saved. ${error instanceof CallboardError ? error.message : String(error)} Your changes are kept in this browser.`, "bad");
    return null;
  }
}

/** A graph that cannot run yet is stored all the same, as a draft: nobody loses work because of a missing link. */
function send(workflow: Workflow, version: number | null): Promise<Stored> {
  const { id } = workflow;
  return id === undefined || workflow.version === undefined ? create(workflow) : update(id, workflow, version);
}

/** That it is saved, and whether it can run, the bar says. */
function accept(sent: Workflow, answer: Workflow, before: string | null): Workflow {
  const { stored, change } = useEditor.getState();
  if (sent.name !== useEditor.getState().workflow.name && sent.id === undefined) change(null, (now) => ({ ...now, name: sent.name }));
  stored(sent, answer);
  if (before !== null) dropDraft(before);
  // Only where the person is still here: what was asked on leaving goes on elsewhere.
  if (answer.id !== undefined && before !== answer.id && location.pathname.startsWith(`${ROOT}/workflows/`)) {
    navigate(`${ROOT}/workflows/${encodeURIComponent(answer.id)}`, { replace: true, anyway: true });
  }
  return { ...sent, id: answer.id, version: answer.version };
}

async function resolve(workflow: Workflow, theirs: number | null): Promise<Workflow | null> {
  const { elsewhere } = useEditor.getState();
  const author = elsewhere?.author ?? "Somebody else";
  const answer = await choose({
    title: "Changed elsewhere",
    text: `${author} has saved ${theirs === null ? "another version" : `version ${theirs}`} since you opened version ${workflow.version ?? "?"}. What should happen to your changes?`,
    choices: [
      { id: "reload", title: "Reload theirs", tone: "danger" },
      { id: "copy", title: "Save as a copy" },
      { id: "overwrite", title: "Overwrite theirs", tone: "primary" },
    ],
  });
  if (answer === "overwrite") return attempt(workflow, theirs);
  if (answer === "copy") return saveCopy();
  if (answer === "reload" && workflow.id !== undefined) await reload(workflow.id);
  return null;
}

async function resolveGone(workflow: Workflow): Promise<Workflow | null> {
  const answer = await choose({
    title: "Deleted from the server",
    text: `"${workflow.name}" was deleted. You can save your copy as a new workflow.`,
    choices: [
      { id: "later", title: "Not now" },
      { id: "again", title: "Save as new", tone: "primary" },
    ],
  });
  if (answer !== "again") return null;
  const { id: _id, version: _version, ...rest } = workflow;
  return attempt(rest, null);
}

/** Takes what is stored in the place of what is open. */
export async function reload(id: string): Promise<void> {
  const workflow = await loadWorkflow(id);
  dropDraft(id);
  useEditor.getState().load(id, workflow, workflow);
  tell(`Reloaded: version ${workflow.version ?? "?"}.`, "good");
}

export function faultWords({ node_errors, graph_errors = [] }: GraphFaults): string {
  const number = graph_errors.length + Object.values(node_errors).reduce((sum, { errors }) => sum + errors.length, 0);
  return number === 1 ? "1 problem" : `${number} problems`;
}
