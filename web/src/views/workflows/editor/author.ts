/** Who saves, for the others who look at the same workflow. */

import { newId } from "./pure/graph";

const KEY = "callboard:author";
/** What the server takes as a name. */
const MOST = 64;
let kept = "";

/** The name that was given here, else one that was made up once. */
export function author(): string {
  try {
    kept = localStorage.getItem(KEY) ?? kept;
  } catch {
    // Storage may be forbidden: then the name lasts until the page is left.
  }
  if (kept === "") rename(newId("visitor", new Set()));
  return kept;
}

/** Takes another name; what the server would not take is left out of it. */
export function rename(name: string): void {
  kept = name.normalize("NFKD").replaceAll(/[^\x21-\x7e ]/g, "").trim().slice(0, MOST);
  try {
    localStorage.setItem(KEY, kept);
  } catch {
    // As above.
  }
}
