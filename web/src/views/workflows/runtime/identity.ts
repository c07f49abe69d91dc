/** Who did something to a workflow, in words. */

import { author } from "../editor";

export function who(name: string | null | undefined): string {
  if (!name) return "Somebody";
  if (name === author()) return "You";
  return name.startsWith("visitor-") ? `A visitor (${name.slice("visitor-".length)})` : name;
}

/** The same with the verb that goes with it: `You have`, `Ana has`. */
export function whoHas(name: string | null | undefined): string {
  const words = who(name);
  return `${words} ${words === "You" ? "have" : "has"}`;
}
