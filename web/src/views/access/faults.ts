/** What is wrong with a form of this view, field by field, from the server's refusal. */

import { CallboardError } from "@callboard/client";

/** By the name of the field; under the empty name, what belongs to none. */
export function faultsOf(error: unknown, fields: readonly string[]): Readonly<Record<string, string>> {
  if (!(error instanceof CallboardError)) return { "": String(error) };
  const found: Record<string, string> = {};
  for (const { loc, msg } of error.faults) {
    const name = fields.find((field) => field === loc[1]) ?? "";
    const text = name === "" ? `${loc.slice(1).join(".")} ${msg}` : msg;
    found[name] = [found[name], sentence(text)].filter(Boolean).join(" ");
  }
  return Object.keys(found).length > 0 ? found : { "": error.message };
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
