/** One of several values. */

import { writeJson } from "@callboard/client";
import type { ReactNode } from "react";
import { choiceWords } from "../../../../forms/fields";
import type { Json } from "../../model";
import type { ControlProps } from "./InputControl";

export function ChoiceInput({ value, change, options, label, describedBy, refusal }: ControlProps & { options: readonly Json[] }): ReactNode {
  const key = writeJson(value);
  const place = options.findIndex((option) => writeJson(option) === key);
  const isUnset = value === undefined || value === null;
  return (
    <select
      value={place}
      aria-label={label}
      aria-describedby={describedBy}
      aria-invalid={refusal?.isWrong || undefined}
      onChange={(event) => {
        const chosen = options[Number(event.target.value)];
        if (chosen !== undefined) change(chosen, { goBack: true });
      }}
    >
      {place < 0 && <option value={-1}>{isUnset ? "Choose…" : `${choiceWords(value)} (is none of these)`}</option>}
      {options.map((option, number) => (
        <option key={number} value={number}>
          {choiceWords(option).replaceAll("_", " ")}
        </option>
      ))}
    </select>
  );
}
