/** The calls that the editor makes: classes, and workflows as they are stored. */

import { CallboardError, createClient, faultsIn } from "@callboard/client";
import type { Catalogue, GraphFaults, Workflow } from "../model";
import { author } from "./author";

/** What came of an attempt to store a workflow. */
export type Stored =
  | { kind: "stored"; workflow: Workflow }
  /** It is too large, and was not stored. */
  | { kind: "invalid"; faults: GraphFaults }
  /** Somebody else was faster; `version` is what is stored now. */
  | { kind: "conflict"; version: number | null }
  /** It was removed. */
  | { kind: "gone" };

const { workflows } = createClient();

export async function loadCatalogue(signal?: AbortSignal): Promise<Catalogue> {
  return (await workflows.nodes(signal)) as Catalogue;
}

export async function loadWorkflow(id: string, signal?: AbortSignal): Promise<Workflow> {
  return (await workflows.get(id, signal)) as Workflow;
}

/** Stores a workflow as a new one. It may have problems. */
export function create(workflow: Workflow): Promise<Stored> {
  return stored(() => workflows.create(bodyOf(workflow), { author: author(), draft: true }));
}

/** Stores a workflow in the place of a version; of whichever there is, where that is null. */
export function update(id: string, workflow: Workflow, version: number | null): Promise<Stored> {
  return stored(() => workflows.save(id, bodyOf(workflow), { author: author(), draft: true, ...(version !== null && { version }) }));
}

function bodyOf({ version: _version, author: _author, created_at: _created, updated_at: _updated, ...body }: Workflow): Omit<Workflow, "version"> {
  return body;
}

async function stored(call: () => Promise<unknown>): Promise<Stored> {
  try {
    return { kind: "stored", workflow: (await call()) as Workflow };
  } catch (error) {
    if (!(error instanceof CallboardError)) throw error;
    const faults = faultsIn(error);
    if (error.status === 422 && faults) return { kind: "invalid", faults };
    if (error.status === 412 || error.code === "version_conflict") return { kind: "conflict", version: versionIn(error) };
    if (error.status === 404) return { kind: "gone" };
    throw error;
  }
}

function versionIn({ problem }: CallboardError): number | null {
  const { current_version: version } = problem as { current_version?: unknown };
  return typeof version === "number" ? version : null;
}
