/**
 * A form's fields: what each shows at first, and what its control holds as a value for the wire.
 *
 * The server alone decides what is valid; here only that is refused which could not even be sent.
 */

import { parseJson, readNumber, record, writeJson, type Field } from "@callboard/client";
import { atOffset, isLocal, localMoment } from "./moments";

/** A field of a form; a schema may ask for JSON where no control fits. */
export type FormField = Omit<Field, "type"> & {
  type: Field["type"] | "json";
  /** Whether it stands for a property of a schema: left out while it holds what it began with, and null only where that is taken. */
  ofSchema?: { takesNull: boolean };
};

/** What a control holds: text, a tick, or the places of the chosen choices. */
export type Raw = string | boolean | readonly number[];
/** What all controls hold, by name. It has no prototype: a field may be called `constructor`. */
export type RawValues = Readonly<Record<string, Raw>>;

export type Read = { value: unknown } | { error: string };

/** What a field's control shows at first. */
export function initial(field: FormField): Raw {
  const { type, value } = field;
  if (type === "boolean") return value === true || value === "true";
  if (type === "multiselect") {
    const chosen = Array.isArray(value) ? value : [];
    return (field.choices ?? []).flatMap((choice, place) => (chosen.some((one) => same(one, choice)) ? [place] : []));
  }
  if (type === "select") {
    const place = (field.choices ?? []).findIndex((choice) => same(choice, value));
    return value === null || value === undefined || place < 0 ? "" : String(place);
  }
  if (value === null || value === undefined) return "";
  if (type === "json") return writeJson(value, 2);
  return type === "datetime" ? localMoment(String(value)) : String(value);
}

/** What all fields show at first. */
export function initials(fields: readonly FormField[]): RawValues {
  return record(fields.map((field) => [field.name, initial(field)] as const));
}

/** A control's value for the wire: `undefined` where it is left out. */
export function read(field: FormField, raw: Raw): Read {
  const isUntouched = same(raw, initial(field));
  if (field.ofSchema && isUntouched && (!field.required || field.value !== null)) return { value: undefined };
  const choices = field.choices ?? [];
  if (typeof raw === "boolean") return { value: raw };
  if (typeof raw === "object") return { value: raw.map((place) => choices[place]) };
  const hasDefault = field.value !== null && field.value !== undefined && field.value !== "";
  // What was not touched is sent as the task wrote it: a control may show less of it, such as a moment without its offset.
  if (isUntouched && hasDefault && field.type !== "select") return { value: field.value };
  if (raw === "" || (raw.trim() === "" && !isText(field))) return cleared(field);
  switch (field.type) {
    case "select":
      return { value: choices[Number(raw)] };
    case "integer":
    case "number":
      return number(raw);
    case "json":
      return json(raw);
    case "datetime":
      return moment(field, raw);
    default:
      return { value: raw };
  }
}

function isText({ type }: FormField): boolean {
  return type === "string" || type === "text" || type === "secret";
}

/** What says that a field is empty; where it were left out, it would get its default back. */
function emptyOf(field: FormField): unknown {
  return isText(field) ? "" : null;
}

function cleared(field: FormField): Read {
  const hasDefault = initial(field) !== "";
  if (!field.ofSchema) return { value: hasDefault || (field.required && isText(field)) ? emptyOf(field) : undefined };
  if (!hasDefault) return { value: undefined };
  if (isText(field)) return { value: "" };
  return field.ofSchema.takesNull ? { value: null } : { error: `This cannot be empty; it is ${writeJson(field.value)} where it is not set.` };
}

/** All values for the wire, and what could not be read. */
export function readAll(fields: readonly FormField[], raws: RawValues): { values: Record<string, unknown>; errors: Record<string, string> } {
  const values = record<unknown>();
  const errors = record<string>();
  for (const field of fields) {
    const found = read(field, raws[field.name] ?? initial(field));
    if ("error" in found) errors[field.name] = found.error;
    else if (found.value !== undefined) values[field.name] = found.value;
  }
  return { values, errors };
}

function number(raw: string): Read {
  const value = readNumber(raw);
  if (value === "lost") return { error: "This has more digits than can be kept: a whole number has at most 64 bits." };
  return value === null ? { error: "This is not a number." } : { value };
}

function json(raw: string): Read {
  try {
    return { value: parseJson(raw) };
  } catch {
    return { error: "This is not JSON. Texts need double quotes." };
  }
}

/** A local time stays one where the task itself writes local times; else it gets the offset that holds here then. */
function moment(field: FormField, raw: string): Read {
  const at = new Date(raw);
  if (Number.isNaN(at.getTime())) return { error: "This is not a complete date and time." };
  const told = [field.value, field.min, field.max].find((one) => typeof one === "string" && one !== "");
  return { value: typeof told === "string" && isLocal(told) ? raw : atOffset(raw, at) };
}

function same(one: unknown, other: unknown): boolean {
  return writeJson(one) === writeJson(other);
}

/** A choice in words. */
export function choiceWords(choice: unknown): string {
  return typeof choice === "string" ? choice : writeJson(choice);
}

/** What a field takes, where it says so. */
export function hint(field: FormField): string {
  const { min, max, min_length: least, max_length: most } = field;
  const parts: string[] = [];
  const has = (bound: unknown): bound is string | number | bigint => bound !== undefined && bound !== null;
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
