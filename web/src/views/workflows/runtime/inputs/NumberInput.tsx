/** A number: a field, and a slider where both ends of its range are known. */

import { useId, useState, type ReactNode } from "react";
import { isNumber, readNumber } from "@callboard/client";
import type { InputPort } from "../../model";
import type { ControlProps } from "./InputControl";

const WIDEST_SLIDER = 1_000_000;

/** How far one step of the slider goes: the whole range in some hundred steps, each a round number. */
export function stepFor(min: number, max: number, isWhole: boolean): number {
  const step = 10 ** Math.floor(Math.log10((max - min) / 100));
  return isWhole ? Math.max(1, Math.round(step)) : step;
}

/** Why what was typed is no number for this input. */
function wrongWords(text: string, { type, required }: InputPort): string | null {
  if (text.trim() === "") return required ? "A number is missing." : null;
  const number = readNumber(text);
  if (number === "lost") return "This has more digits than can be kept.";
  if (type === "integer" && (number === null || (typeof number === "number" && !Number.isInteger(number)))) return "This is not a whole number.";
  return number === null ? "This is not a number." : null;
}

/** The number one step on, within its range. */
function stepped(known: number | bigint, by: number, { min, max }: InputPort): number | bigint {
  const isExact = typeof known === "bigint" || (Number.isInteger(known) && Number.isInteger(by));
  if (isExact && Number.isInteger(by)) {
    const next = readNumber(String(BigInt(known) + BigInt(by)));
    if (next === "lost" || next === null) return known;
    return max !== undefined && next > max ? max : min !== undefined && next < min ? min : next;
  }
  const next = Number((Number(known) + by).toPrecision(12));
  return Math.min(max ?? next, Math.max(min ?? next, next));
}

export function NumberInput({ input, value, change, settle, label, describedBy, refusal }: ControlProps): ReactNode {
  const isWhole = input.type === "integer";
  const { min, max } = input;
  /** What stands in the field while it is no number. */
  const [text, setText] = useState<string | null>(null);
  const id = useId();
  const known = isNumber(value) ? value : null;
  const wrong = text === null ? null : wrongWords(text, input);
  const type = (typed: string): void => {
    const number = readNumber(typed);
    if (typed.trim() === "") {
      setText(typed);
      if (!input.required) change(null);
    } else if (number === null || number === "lost" || wrongWords(typed, input) !== null) setText(typed);
    else {
      // "1." and "-0" are numbers on the way to others: they stand as they were typed.
      setText(String(number) === typed.trim() ? null : typed);
      change(number);
    }
  };
  const leave = (): void => {
    setText(null);
    settle();
  };
  const hasSlider = min !== undefined && max !== undefined && max > min && max - min <= WIDEST_SLIDER;
  return (
    <div className="run-numeric">
      {hasSlider && (
        <input
          type="range"
          min={min}
          max={max}
          step={stepFor(min, max, isWhole)}
          value={Number(known ?? min)}
          aria-label={`${label}, as a slider`}
          onChange={(event) => {
            setText(null);
            change(Number(event.target.value), { goBack: true });
          }}
        />
      )}
      <input
        type="text"
        inputMode={isWhole ? "numeric" : "decimal"}
        autoComplete="off"
        value={text ?? (known === null ? "" : String(known))}
        aria-label={label}
        aria-describedby={[describedBy, wrong ? id : null].filter(Boolean).join(" ") || undefined}
        aria-invalid={wrong !== null || refusal?.isWrong || undefined}
        placeholder={input.required ? "A number" : ""}
        onChange={(event) => type(event.target.value)}
        onKeyDown={(event) => {
          if (known === null || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
          event.preventDefault();
          const step = hasSlider ? stepFor(min, max, isWhole) : 1;
          setText(null);
          change(stepped(known, (event.key === "ArrowUp" ? step : -step) * (event.shiftKey ? 10 : 1), input));
        }}
        onBlur={leave}
      />
      {wrong !== null && (
        <p className="run-refused" id={id}>
          {wrong}
        </p>
      )}
    </div>
  );
}
