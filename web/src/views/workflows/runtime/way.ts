/** The way that a run took through the graph: which links carried a value. */

import type { NodeRun } from "@callboard/client";
import type { GraphEdge } from "../model";
import { useIsPainted, useNodeRun } from "./runtime";

/** `unknown` while nothing has run. */
export type Way = "unknown" | "taken" | "untaken";

export function useWay(edge: GraphEdge | undefined): Way {
  const isPainted = useIsPainted();
  const source = useNodeRun(edge?.source ?? "");
  const target = useNodeRun(edge?.target ?? "");
  return isPainted && edge ? wayOf(source, target, edge.source_output) : "unknown";
}

/** A link carried a value where its source gave one at that output and its target took part. */
export function wayOf(source: NodeRun | undefined, target: NodeRun | undefined, output: string): Way {
  if (!hasRun(source) || !target || target.state === "idle" || target.state === "blocked") return "untaken";
  const { result } = source ?? {};
  return result && Object.keys(result).length > 0 && !(output in result) ? "untaken" : "taken";
}

function hasRun(run: NodeRun | undefined): boolean {
  return run?.state === "completed" || run?.state === "cached" || ((run?.state === "executing" || run?.state === "waiting") && Boolean(run.result));
}
