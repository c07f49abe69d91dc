/** A list of texts and numbers, one line each; JSON for all others. */

import { useState, type ReactNode } from "react";
import { isNumber, readNumber } from "@callboard/client";
import { Icon } from "../../../../ui/Icon";
import type { Json } from "../../model";
import type { ControlProps } from "./InputControl";
import { JsonInput } from "./JsonInput";

const MOST_ROWS = 20;

/** Whether a list can be edited line by line: few texts and numbers. */
export function isPlainList(value: Json): value is (string | number | bigint)[] {
  return Array.isArray(value) && value.length > 0 && value.length <= MOST_ROWS && value.every((item) => (typeof item === "string" && !item.includes("\n")) || isNumber(item));
}

/** What a line becomes: a number where all others are numbers, too, else a text. */
export function readItem(text: string, others: readonly Json[]): string | number | bigint {
  const number = readNumber(text);
  return number !== null && number !== "lost" && others.every(isNumber) ? number : text;
}

export function ListInput(props: ControlProps): ReactNode {
  const { value, change, label, refusal, describedBy } = props;
  const [asJson, setAsJson] = useState(false);
  const [typing, setTyping] = useState<{ place: number; text: string } | null>(null);
  const items = isPlainList(value) ? value : [];
  const put = (place: number, text: string): void => {
    const others = items.filter((_, at) => at !== place);
    const item = readItem(text, others);
    setTyping(isNumber(item) && String(item) !== text ? { place, text } : null);
    change(items.map((before, at) => (at === place ? item : before)));
  };
  const isNumbers = items.every(isNumber);
  return (
    <div className="run-list">
      {asJson ? (
        <JsonInput {...props} />
      ) : (
        <ol aria-label={label}>
          {items.map((item, place) => (
            <li key={place}>
              <input
                type="text"
                value={typing?.place === place ? typing.text : String(item)}
                aria-label={`Item ${place + 1} of ${label}`}
                aria-describedby={describedBy}
                aria-invalid={refusal?.isWrong || undefined}
                autoComplete="off"
                onChange={(event) => put(place, event.target.value)}
                onBlur={() => setTyping(null)}
              />
              <button type="button" className="icon-button" aria-label={`Remove item ${place + 1}`} onClick={() => change(items.filter((_, at) => at !== place))}>
                <Icon name="cross" />
              </button>
            </li>
          ))}
        </ol>
      )}
      <div className="run-list-tools">
        {!asJson && items.length < MOST_ROWS && (
          <button type="button" className="run-link" onClick={() => change([...items, isNumbers ? 0 : ""])}>
            Add an item
          </button>
        )}
        <button type="button" className="run-link" aria-pressed={asJson} onClick={() => setAsJson(!asJson)}>
          {asJson ? "As lines" : "As JSON"}
        </button>
      </div>
    </div>
  );
}
