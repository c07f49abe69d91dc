/** Copies of workflows that were never saved: of examples, and of what is stored. */

import type { Workflow } from "../model";

/** The same workflow as one that was never saved. */
export function copyOf(workflow: Workflow): Workflow {
  const { id: _id, version: _version, author: _author, created_at: _created, updated_at: _updated, ...rest } = workflow;
  return structuredClone(rest);
}
