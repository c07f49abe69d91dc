/** Finds node classes by a few letters, and by what they can be linked to. */

import { fit } from "../../../../shell/Palette";
import type { Catalogue, NodeClass, PortType } from "../../model";
import { inputFor, outputFor } from "./fit";

/** What a class must have, besides the letters. */
export interface Wanted {
  /** An input that takes this. */
  takes?: PortType | undefined;
  /** An output that goes into this. */
  gives?: PortType | undefined;
}

/** The words of a class's name: `JsonPath` → `Json Path`. */
export function spaced(type: string): string {
  return type.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, " ");
}

/** How well a class fits the letters; lower is better, null where it does not. Its name counts before its description. */
export function rank(nodeClass: NodeClass, query: string): number | null {
  const wanted = query.trim().toLowerCase();
  if (wanted === "") return 0;
  const inName = fit(wanted, nodeClass.type) ?? fit(wanted, spaced(nodeClass.type));
  if (inName !== null) return inName;
  if (nodeClass.category.toLowerCase().includes(wanted)) return 300;
  return nodeClass.description.toLowerCase().includes(wanted) ? 400 : null;
}

/** The classes that fit, best first; in the catalogue's order where nothing is searched for. */
export function findClasses(catalogue: Catalogue | null, query: string, { takes, gives }: Wanted = {}): NodeClass[] {
  return (catalogue?.nodes ?? [])
    .filter((one) => (takes === undefined || inputFor(catalogue, one, takes)) && (gives === undefined || outputFor(catalogue, one, gives)))
    .map((one) => ({ one, at: rank(one, query) }))
    .filter((found): found is { one: NodeClass; at: number } => found.at !== null)
    .sort((one, other) => one.at - other.at)
    .map(({ one }) => one);
}

const ORDER = ["inputs", "people", "maths", "comparison", "logic", "text", "data", "flow", "state", "time", "script", "random", "network", "tasks", "output"];

/** Classes by category: those that one begins with first, what is not known last. */
export function byCategory(classes: readonly NodeClass[]): [string, NodeClass[]][] {
  const groups = new Map<string, NodeClass[]>();
  for (const one of classes) groups.set(one.category, [...(groups.get(one.category) ?? []), one]);
  const place = (category: string): number => (ORDER.includes(category) ? ORDER.indexOf(category) : ORDER.length);
  return [...groups].sort(([one], [other]) => place(one) - place(other) || one.localeCompare(other));
}
