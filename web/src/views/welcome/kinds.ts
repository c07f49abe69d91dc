/** Which kinds of tasks people start by hand, and which of those need a form for it. */

import type { TaskInfo } from "@callboard/client";

/** What the server starts by itself is not offered. */
export function isOffered({ internal }: TaskInfo): boolean {
  return !internal;
}

/** Whether it cannot start without input that a person fills in. */
export function needsForm({ input_schema: input, config_schema: config }: TaskInfo): boolean {
  return isDemanding(input) || isDemanding(config);
}

function isDemanding(schema: unknown): boolean {
  if (schema === null || typeof schema !== "object") return false;
  const { required, properties } = schema as { required?: unknown; properties?: Record<string, { default?: unknown } | undefined> };
  return Array.isArray(required) && required.some((name) => properties?.[String(name)]?.default === undefined);
}
