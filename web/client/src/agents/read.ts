/** Reads findings from the wire: an agent's own program may have written them. */

import { SEVERITIES, type Finding, type FindingPlace, type Severity } from "./types.js";

type Fields = Record<string, unknown>;

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
const from1 = (value: unknown): number | undefined => (typeof value === "number" && Number.isInteger(value) && value > 0 ? value : undefined);

/** A finding; null where it is none. */
export function readFinding(value: unknown): Finding | null {
  if (value === null || typeof value !== "object") return null;
  const { severity, rule, message, location, expected, actual, evidence, proof } = value as Fields;
  if (!SEVERITIES.includes(severity as Severity) || typeof message !== "string") return null;
  const finding: Finding = { severity: severity as Severity, rule: text(rule) ?? "", message, location: readPlace(location), evidence: text(evidence) ?? "" };
  const more = { expected: text(expected), actual: text(actual), proof: text(proof) };
  for (const [name, said] of Object.entries(more)) if (said !== undefined) Object.assign(finding, { [name]: said });
  return finding;
}

function readPlace(value: unknown): FindingPlace {
  const { line, column, cell, page, table, row } = (value !== null && typeof value === "object" ? value : {}) as Fields;
  const place: FindingPlace = { line: from1(line) ?? 1 };
  for (const [name, said] of Object.entries({ column, cell, page, table, row })) if (from1(said) !== undefined) Object.assign(place, { [name]: said });
  return place;
}
