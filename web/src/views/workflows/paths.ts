/** The addresses within this view. */

import { ROOT } from "../../shell/router";

/** What of a workflow is to be shown: a run on the canvas, a node. */
export interface Shown {
  run?: string | null;
  node?: string | null;
}

/** The canvas of a workflow. */
export function canvasPath(id: string, { run = null, node = null }: Shown = {}): string {
  const query = new URLSearchParams({ ...(run !== null && { run }), ...(node !== null && { node }) }).toString();
  return `${ROOT}/workflows/${encodeURIComponent(id)}${query && `?${query}`}`;
}
