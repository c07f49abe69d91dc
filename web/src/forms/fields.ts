/**
 * A form's fields: what each shows at first, and what its control holds as a value for the wire.
 *
 * The server alone decides what is valid; here only that is refused which could not even be sent.
 */

import type { Field } from "@callboard/client";

/** A field of a form; a schema may ask for JSON where no control fits. */
export type FormField = Omit<Field, "type"> & {
  type: Field["type"] | "json";
  /** Whether it is left out of what is sent while it holds what it began with. */
  omitDefault?: boolean;
};

/** What a control holds: text, a tick, or the places of the chosen choices. */
export type Raw = string | boolean | readonly number[];
export type RawValues = Readonly<Record<string, Raw>>;

export type Read = { value: unknown } | { error: string };

/** What a field's control shows at first. */
export function initial(field: FormField): Raw {
  const { type, value } = field;
  if (type === "boolean") return value === true;
  if (type === "multiselect") {
    const chosen = Array.isArray(value) ? value : [];
    return (field.choices ?? []).flatMap((choice, place) => (chosen.some((one) => same(one, choice)) ? [place] : []));
  }
  if (type === "select") {
    const place = (field.choices ?? []).findIndex((choice) => same(choice, value));
    return value === null || value === undefined || place < 0 ? "" : String(place);
  }
  if (value === null || value === undefined) return "";
  if (type === "json") return JSON.stringify(value, null, 2);
  return type === "datetime" ? localMoment(String(value)) : String(value);
}

/** What all fields show at first. */
export function initials(fields: readonly FormField[]): RawValues {
  return Object.fromEntries(fields.map((field) => [field.name, initial(field)]));
}

/** A control's value for the wire: `undefined` where it is left out. */
export function read(field: FormField, raw: Raw): Read {
  if (field.omitDefault && same(raw, initial(field)) && (!field.required || field.value !== null)) return { value: undefined };
  const choices = field.choices ?? [];
  if (typeof raw === "boolean") return { value: raw };
  if (typeof raw === "object") return { value: raw.map((place) => choices[place]) };
  switch (field.type) {
    case "select":
      return { value: raw === "" ? undefined : choices[Number(raw)] };
    case "integer":
    case "number":
      return number(raw);
    case "json":
      return json(raw);
    case "datetime":
      return moment(raw, field.required);
    default:
      return { value: raw === "" && !field.required ? undefined : raw };
  }
}

/** All values for the wire, and what could not be read. */
export function readAll(fields: readonly FormField[], raws: RawValues): { values: Record<string, unknown>; errors: Record<string, string> } {
  const values: Record<string, unknown> = {};
  const errors: Record<string, string> = {};
  for (const field of fields) {
    const found = read(field, raws[field.name] ?? initial(field));
    if ("error" in found) errors[field.name] = found.error;
    else if (found.value !== undefined) values[field.name] = found.value;
  }
  return { values, errors };
}

function number(raw: string): Read {
  if (raw.trim() === "") return { value: undefined };
  const value = Number(raw);
  return Number.isFinite(value) ? { value } : { error: "This is not a number." };
}

function json(raw: string): Read {
  if (raw.trim() === "") return { value: undefined };
  try {
    return { value: JSON.parse(raw) as unknown };
  } catch {
    return { error: "This is not JSON. Texts need double quotes." };
  }
}

function moment(raw: string, required: boolean): Read {
  if (raw === "") return { value: required ? "" : undefined };
  const at = new Date(raw);
  return Number.isNaN(at.getTime()) ? { error: "This is not a complete date and time." } : { value: at.toISOString() };
}

/** A moment of the wire as a control shows it: in the local time zone. */
export function localMoment(value: string): string {
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** A choice in words. */
export function choiceWords(choice: unknown): string {
  return typeof choice === "string" ? choice : JSON.stringify(choice);
}

/** What a field takes, where it says so. */
export function hint(field: FormField): string {
  const { min, max, min_length: least, max_length: most } = field;
  const parts: string[] = [];
  const has = (bound: unknown): bound is string | number => bound !== undefined && bound !== null;
  if (has(min) && has(max)) parts.push(`From ${min} to ${max}.`);
  else if (has(min)) parts.push(`At least ${min}.`);
  else if (has(max)) parts.push(`At most ${max}.`);
  const unit = field.type === "multiselect" ? "choices" : "characters";
  if (least && most) parts.push(`${least} to ${most} ${unit}.`);
  else if (least) parts.push(`At least ${least} ${unit}.`);
  else if (most) parts.push(`At most ${most} ${unit}.`);
  if (field.pattern !== undefined) parts.push(`Must match ${field.pattern}`);
  if (field.type === "secret") parts.push("It is not shown or kept in the clear.");
  if (field.type === "json") parts.push("As JSON.");
  return parts.join(" ");
}
