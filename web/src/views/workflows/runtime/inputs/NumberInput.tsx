/** A number: a field, and a slider where both ends of its range are known. */

import { useId, useState, type ReactNode } from "react";
import type { ControlProps } from "./InputControl";

const WIDEST_SLIDER = 1_000_000;

/** How far one step of the slider goes: the whole range in some hundred steps, each a round number. */
export function stepFor(min: number, max: number, isWhole: boolean): number {
  const step = 10 ** Math.floor(Math.log10((max - min) / 100));
  return isWhole ? Math.max(1, Math.round(step)) : step;
}

export function NumberInput({ input, value, change, settle, label, describedBy, refusal }: ControlProps): ReactNode {
  const isWhole = input.type === "integer";
  const { min, max } = input;
  /** What stands in the field while it is no number. */
  const [text, setText] = useState<string | null>(null);
  const id = useId();
  const known = typeof value === "number" ? value : null;
  const wrong = text === null ? null : text.trim() === "" ? (input.required ? "A number is missing." : null) : isWhole ? "This is not a whole number." : "This is not a number.";
  const type = (typed: string): void => {
    const number = Number(typed);
    if (typed.trim() === "") {
      setText(typed);
      if (!input.required) change(null);
    } else if (!Number.isFinite(number) || (isWhole && !Number.isInteger(number))) setText(typed);
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
  const isNumber = text !== null && text.trim() !== "" && Number.isFinite(Number(text)) && (!isWhole || Number.isInteger(Number(text)));
  return (
    <div className="run-numeric">
      {hasSlider && (
        <input
          type="range"
          min={min}
          max={max}
          step={stepFor(min, max, isWhole)}
          value={known ?? min}
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
        aria-describedby={[describedBy, wrong && !isNumber ? id : null].filter(Boolean).join(" ") || undefined}
        aria-invalid={(wrong !== null && !isNumber) || refusal?.isWrong || undefined}
        placeholder={input.required ? "A number" : ""}
        onChange={(event) => type(event.target.value)}
        onKeyDown={(event) => {
          if (known === null || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
          event.preventDefault();
          const step = hasSlider ? stepFor(min, max, isWhole) : 1;
          const next = Number((known + (event.key === "ArrowUp" ? step : -step) * (event.shiftKey ? 10 : 1)).toPrecision(12));
          setText(null);
          change(Math.min(max ?? next, Math.max(min ?? next, next)));
        }}
        onBlur={leave}
      />
      {wrong !== null && !isNumber && (
        <p className="run-refused" id={id}>
          {wrong}
        </p>
      )}
    </div>
  );
}
