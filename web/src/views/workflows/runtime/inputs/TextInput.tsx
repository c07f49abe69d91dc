/** A text: one line, several, or code. */

import { writeJson } from "@callboard/client";
import type { ReactNode } from "react";
import type { ControlProps } from "./InputControl";

const LEAST_ROWS = 2;
const MOST_ROWS = 12;

export function TextInput({ input, value, change, label, describedBy, refusal }: ControlProps): ReactNode {
  const text = typeof value === "string" ? value : value === undefined || value === null ? "" : writeJson(value);
  const common = {
    value: text, "aria-label": label, "aria-describedby": describedBy, "aria-invalid": refusal?.isWrong || undefined, "aria-required": input.required || undefined,
    placeholder: input.required ? "Must be filled in" : "",
  };
  if (input.widget === "plain" && !text.includes("\n")) {
    return <input type="text" {...common} autoComplete="off" spellCheck={false} onChange={(event) => change(event.target.value)} />;
  }
  const rows = Math.min(MOST_ROWS, Math.max(LEAST_ROWS, text.split("\n").length));
  return <textarea {...common} className={input.widget === "code" ? "mono" : undefined} rows={rows} spellCheck={input.widget !== "code"} onChange={(event) => change(event.target.value)} />;
}
