/** What the start form holds, as what is sent; and what the server says is wrong, as the fields that it belongs to. */

import { record, type Fault, type Priority, type StartOptions } from "@callboard/client";
import { readAll, type FormField, type RawValues } from "../../../forms/fields";
import type { SchemaForm } from "../../../forms/schema";

export const PARTS = ["input", "config"] as const;
export type Part = (typeof PARTS)[number];
export type Parts = Record<Part, SchemaForm>;
export type Errors = Readonly<Record<string, string>>;

/** The field for all of an input or a configuration that has no form. */
export const WHOLE: FormField = { name: "", description: "", type: "json", value: null, required: false };

export interface StartValues {
  input: RawValues;
  config: RawValues;
  priority: Priority;
  labels: string;
}

/** The key of a field's error: `config.steps`, or `config` for all of it. */
export function keyOf(part: Part, name: string): string {
  return name ? `${part}.${name}` : part;
}

/** What to start, or what could not be read. */
export function readStart(parts: Parts, values: StartValues): { what: StartOptions; errors: Errors } {
  const errors = record<string>();
  const valueOf = (part: Part): unknown => {
    const { fields, anything } = parts[part];
    const found = readAll(anything ? [WHOLE] : fields, values[part]);
    for (const [name, text] of Object.entries(found.errors)) errors[keyOf(part, name)] = text;
    if (anything) return found.values[""];
    return Object.keys(found.values).length > 0 ? found.values : undefined;
  };
  const what: StartOptions = { input: valueOf("input"), config: valueOf("config") as Record<string, unknown> | undefined };
  if (values.priority !== "normal") what.priority = values.priority;
  const labels = readLabels(values.labels);
  if (typeof labels === "string") errors["labels"] = labels;
  else if (Object.keys(labels).length > 0) what.labels = labels;
  return { what, errors };
}

/** `a=1, b=2` as labels, or what is wrong with it. */
export function readLabels(text: string): Record<string, string> | string {
  const labels = record<string>();
  for (const part of text.split(",").map((one) => one.trim()).filter(Boolean)) {
    const at = part.indexOf("=");
    if (at < 1) return `“${part}” has no value: write name=value, with commas in between.`;
    labels[part.slice(0, at).trim()] = part.slice(at + 1).trim();
  }
  return labels;
}

/** Every key that an error may have. */
export function keysOf(parts: Parts): ReadonlySet<string> {
  return new Set([...PARTS, "labels", ...PARTS.flatMap((part) => parts[part].fields.map(({ name }) => keyOf(part, name)))]);
}

/** The server's faults by the key of the field that they belong to; the rest under "". */
export function faultsByField(faults: readonly Fault[], keys: ReadonlySet<string>): Record<string, string> {
  const found = record<string>();
  for (const { loc, msg } of faults) {
    const path = loc[0] === "body" ? loc.slice(1) : loc;
    const key = [2, 1].map((length) => path.slice(0, length).join(".")).find((one) => keys.has(one));
    const text = msg.charAt(0).toUpperCase() + msg.slice(1);
    if (key === undefined) found[""] = [found[""], `${path.join(".")}: ${msg}`].filter(Boolean).join(" · ");
    else found[key] = [found[key], text].filter(Boolean).join(" ");
  }
  return found;
}
