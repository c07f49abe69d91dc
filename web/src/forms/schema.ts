/** A form from a JSON Schema: a field for each property, and JSON where no control fits. */

import type { FormField } from "./fields";

interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  format?: string;
  minimum?: number | bigint;
  maximum?: number | bigint;
  exclusiveMinimum?: number | bigint;
  exclusiveMaximum?: number | bigint;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  pattern?: string;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: unknown;
  writeOnly?: boolean;
}

const FORMATS = new Map<string, FormField["type"]>(Object.entries({
  email: "email", uri: "url", date: "date", "date-time": "datetime", password: "secret", textarea: "text", multiline: "text",
} as const));

/** The form of a schema. `anything` says that whatever JSON may be given in its place. */
export interface SchemaForm {
  fields: readonly FormField[];
  anything: boolean;
}

/** The fields that a schema's properties become. */
export function formOf(schema: unknown): SchemaForm {
  if (schema === true || schema === null || typeof schema !== "object") return { fields: [], anything: schema === true };
  const { properties, required = [], additionalProperties, type } = schema as Schema;
  const entries = Object.entries(properties ?? {});
  const takesNothing = additionalProperties === false || type === "null";
  if (entries.length === 0) return { fields: [], anything: !takesNothing };
  return { fields: entries.map(([name, property]) => fieldOf(name, property, required.includes(name))), anything: false };
}

function fieldOf(name: string, schema: Schema, required: boolean): FormField {
  const { title, description, default: value = null } = schema;
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  const base = { name, description: description ?? title ?? "", value, required: required && value === null, ofSchema: { takesNull: types.includes("null") } };
  const type = types.find((one) => one !== "null");
  if (schema.enum) return { ...base, type: "select", choices: schema.enum.filter((choice) => choice !== null) };
  if (type === "boolean") return { ...base, type: "boolean" };
  if (type === "integer" || type === "number") {
    return { ...base, type, min: schema.minimum, max: schema.maximum ?? schema.exclusiveMaximum };
  }
  if (type === "string") {
    const { minLength, maxLength, pattern } = schema;
    const long = (maxLength ?? 0) > 200 ? "text" : "string";
    return { ...base, type: FORMATS.get(schema.format ?? "") ?? (schema.writeOnly ? "secret" : long), min_length: minLength, max_length: maxLength, pattern };
  }
  if (type === "array" && schema.items?.enum) {
    return { ...base, type: "multiselect", choices: schema.items.enum, min_length: schema.minItems, max_length: schema.maxItems };
  }
  return { ...base, type: "json" };
}
