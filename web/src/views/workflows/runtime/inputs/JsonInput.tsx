/** Any JSON, or only a list or an object: the text is sent once it can be read. */

import { parseJson, writeJson } from "@callboard/client";
import { useEffect, useId, useState, type ReactNode } from "react";
import type { Json, PortType } from "../../model";
import type { ControlProps } from "./InputControl";

type Read = { value: Json } | { wrong: string };

/** Reads what was typed. Nothing at all is `null`. */
export function readJson(text: string, type: PortType): Read {
  if (text.trim() === "") return { value: null };
  let value: Json;
  try {
    value = parseJson(text);
  } catch (error) {
    return { wrong: wrongWords(text, error instanceof Error ? error.message : "") };
  }
  if (type === "list" && !Array.isArray(value)) return { wrong: "This must be a list, such as [1, 2]." };
  if (type === "object" && (value === null || typeof value !== "object" || Array.isArray(value))) return { wrong: 'This must be an object, such as {"a": 1}.' };
  return { value };
}

/** Where the text stops being JSON, in words; engines say it each in their own way. */
function wrongWords(text: string, said: string): string {
  const at = /position (\d+)/.exec(said)?.[1];
  if (at === undefined) return /end of/i.test(said) ? "The JSON is not complete." : "This is not JSON. Texts need double quotes.";
  const before = text.slice(0, Number(at)).split("\n");
  const line = before.length;
  const column = (before.at(-1)?.length ?? 0) + 1;
  return `This is not JSON from line ${line}, column ${column} on. Texts need double quotes.`;
}

export function jsonText(value: Json): string {
  if (value === undefined || value === null) return "";
  const short = writeJson(value);
  return short.length <= 40 ? short : writeJson(value, 2);
}

export function JsonInput({ input, value, change, label, describedBy, refusal }: ControlProps): ReactNode {
  const id = useId();
  const key = writeJson(value);
  const [text, setText] = useState(() => jsonText(value));
  const read = readJson(text, input.type);
  const isSame = "value" in read && writeJson(read.value) === key;
  // What comes from elsewhere takes the place of the text, but not of one that only is written in another way.
  useEffect(() => {
    if (!isSame) setText(jsonText(value));
    // Only a new value counts; the text changes with every key.
  }, [key]);
  const wrong = "wrong" in read ? read.wrong : null;
  const rows = Math.min(12, Math.max(1, text.split("\n").length));
  return (
    <>
      <textarea
        className="mono"
        rows={rows}
        value={text}
        spellCheck={false}
        aria-label={`${label}, as JSON`}
        aria-describedby={[describedBy, wrong ? id : null].filter(Boolean).join(" ") || undefined}
        aria-invalid={wrong !== null || refusal?.isWrong || undefined}
        placeholder={input.required ? "JSON" : ""}
        onChange={(event) => {
          const typed = event.target.value;
          setText(typed);
          const next = readJson(typed, input.type);
          if ("value" in next && writeJson(next.value) !== key) change(next.value);
        }}
      />
      {wrong && (
        <p className="run-refused" id={id}>
          {wrong}
        </p>
      )}
    </>
  );
}
