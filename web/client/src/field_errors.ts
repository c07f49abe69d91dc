/** What a refusal says about the fields of a form, in the words of a session's socket. */

import type { CallboardError } from "./http.js";
import type { FieldError } from "./wire/wire.js";

/** What is wrong, field by field; nothing where the refusal is not about fields. */
export function fieldErrors(error: CallboardError): FieldError[] {
  const ofFields = error.faults.filter(({ loc }) => loc[1] === "values" && loc.length > 2);
  return ofFields.map(({ loc, msg }) => ({ field: loc[2] ?? "", message: loc.length > 3 ? `${loc.slice(3).join(".")}: ${msg}` : msg }));
}
