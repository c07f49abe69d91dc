/** The order in which one reads a graph: along its links, and where those leave it open, from left to right. */

import type { Workflow } from "../../model";
import { placeOf } from "./graph";

/** The ids of all nodes; what stands in a cycle comes last. */
export function reading({ nodes, edges }: Pick<Workflow, "nodes" | "edges">): string[] {
  const places = new Map(nodes.map((node) => [node.id, placeOf(node)]));
  const before = new Map(nodes.map(({ id }) => [id, new Set<string>()]));
  const after = new Map<string, string[]>();
  for (const { source, target } of edges) {
    if (!before.has(source) || !before.has(target)) continue;
    before.get(target)?.add(source);
    after.set(source, [...(after.get(source) ?? []), target]);
  }
  const byPlace = (one: string, other: string): number => {
    const [a, b] = [places.get(one) ?? ORIGIN, places.get(other) ?? ORIGIN];
    return a.x - b.x || a.y - b.y;
  };
  const order: string[] = [];
  let free = [...before].filter(([, needed]) => needed.size === 0).map(([id]) => id);
  while (free.length > 0) {
    const next: string[] = [];
    for (const id of free.sort(byPlace)) {
      order.push(id);
      for (const target of after.get(id) ?? []) {
        const needed = before.get(target);
        if (needed?.delete(id) && needed.size === 0) next.push(target);
      }
    }
    free = next;
  }
  const known = new Set(order);
  return [...order, ...nodes.map(({ id }) => id).filter((id) => !known.has(id)).sort(byPlace)];
}

const ORIGIN = { x: 0, y: 0 };
