/** One field of a form: its label, the right control for its type, what it takes, and what is wrong with it. */

import { memo, type ReactNode } from "react";
import { isNumber } from "@callboard/client";
import { Icon } from "../ui/Icon";
import { choiceWords, hint, type FormField, type Raw } from "./fields";
import "./forms.css";

const INPUT_TYPES: Partial<Record<FormField["type"], string>> = {
  integer: "number", number: "number", email: "email", url: "url", date: "date", datetime: "datetime-local", secret: "password",
};

interface Props {
  field: FormField;
  id: string;
  value: Raw;
  error: string | undefined;
  disabled?: boolean;
  onChange: (name: string, value: Raw) => void;
}

/** The name in words: `step_delay_ms` → `Step delay ms`. */
function label(field: FormField): string {
  if (field.description && !field.ofSchema) return field.description;
  const words = field.name.replaceAll(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const FieldControl = memo(function FieldControl(props: Props): ReactNode {
  const { field, id, error } = props;
  const about = [field.ofSchema ? field.description : "", hint(field)].filter(Boolean).join(" ");
  const described = [about && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  const group = field.type === "multiselect";
  const tick = field.type === "boolean";
  const Box = group ? "fieldset" : "div";
  const caption = (
    <>
      {label(field)}
      {!field.required && !tick && <span className="optional"> optional</span>}
    </>
  );
  const name = group ? <legend>{caption}</legend> : <label htmlFor={id}>{caption}</label>;
  return (
    <Box className="field" data-field={field.name} data-wrong={error ? true : undefined} {...(group && { id, "aria-describedby": described })}>
      {tick ? (
        <div className="tick">
          <Control {...props} described={described} />
          {name}
        </div>
      ) : (
        <>
          {name}
          <Control {...props} described={described} />
        </>
      )}
      {about && (
        <p className="hint" id={`${id}-hint`}>
          {about}
        </p>
      )}
      {error && (
        <p className="field-error" id={`${id}-error`}>
          <Icon name="alert" />
          {error}
        </p>
      )}
    </Box>
  );
});

function Control({ field, id, value, error, disabled, onChange, described }: Props & { described: string | undefined }): ReactNode {
  const common = {
    id, name: field.name, disabled, "aria-describedby": described, "aria-invalid": error ? true : undefined,
    "aria-required": field.required && field.type !== "boolean" ? true : undefined,
  };
  const text = typeof value === "string" ? value : "";
  switch (field.type) {
    case "boolean":
      return <input {...common} type="checkbox" checked={value === true} onChange={(event) => onChange(field.name, event.target.checked)} />;
    case "text":
    case "json":
      return (
        <textarea
          {...common}
          className={field.type === "json" ? "mono" : undefined}
          rows={field.type === "json" ? 2 : 4}
          spellCheck={field.type === "text"}
          value={text}
          onChange={(event) => onChange(field.name, event.target.value)}
        />
      );
    case "select":
      return (
        <select {...common} value={text} onChange={(event) => onChange(field.name, event.target.value)}>
          <option value="">{field.required ? "Choose…" : "No choice"}</option>
          {(field.choices ?? []).map((choice, place) => (
            <option key={place} value={String(place)}>
              {choiceWords(choice)}
            </option>
          ))}
        </select>
      );
    case "multiselect":
      return <Ticks {...{ field, id, value, disabled, onChange }} />;
    default:
      return <Line {...{ field, common, text, onChange }} />;
  }
}

function Line({ field, common, text, onChange }: { field: FormField; common: object; text: string; onChange: Props["onChange"] }): ReactNode {
  const isNumeric = field.type === "integer" || field.type === "number";
  const bound = (value: unknown): string | undefined => (typeof value === "string" || isNumber(value) ? String(value) : undefined);
  return (
    <input
      {...common}
      type={INPUT_TYPES[field.type] ?? "text"}
      step={field.type === "integer" ? 1 : field.type === "number" ? "any" : field.type === "datetime" ? 1 : undefined}
      min={isNumeric || field.type === "date" ? bound(field.min) : undefined}
      max={isNumeric || field.type === "date" ? bound(field.max) : undefined}
      inputMode={field.type === "integer" ? "numeric" : field.type === "number" ? "decimal" : undefined}
      autoComplete={field.type === "secret" ? "new-password" : field.type === "email" ? "email" : "off"}
      value={text}
      onChange={(event) => onChange(field.name, event.target.value)}
    />
  );
}

function Ticks({ field, id, value, disabled, onChange }: Pick<Props, "field" | "id" | "value" | "disabled" | "onChange">): ReactNode {
  const chosen = Array.isArray(value) ? (value as readonly number[]) : [];
  const toggle = (place: number, on: boolean): void => {
    const next = on ? [...chosen, place] : chosen.filter((one) => one !== place);
    onChange(field.name, next.sort((one, other) => one - other));
  };
  return (
    <div className="ticks">
      {(field.choices ?? []).map((choice, place) => (
        <div className="tick" key={place}>
          <input type="checkbox" id={`${id}-${place}`} disabled={disabled} checked={chosen.includes(place)} onChange={(event) => toggle(place, event.target.checked)} />
          <label htmlFor={`${id}-${place}`}>{choiceWords(choice)}</label>
        </div>
      ))}
    </div>
  );
}
