/** The form that starts a task of one kind, made from the schemas of its input and its configuration. */

import { useEffect, useId, useMemo, useRef, useState, type FormEvent, type ReactNode } from "react";
import { CallboardError, record, writeJson, type Priority, type TaskInfo } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { FieldControl } from "../../../forms/FieldControl";
import { initials, type Raw } from "../../../forms/fields";
import { formOf } from "../../../forms/schema";
import { useFirstFault } from "../../../forms/useFirstFault";
import { navigate } from "../../../shell/router";
import { Icon } from "../../../ui/Icon";
import { refreshBoard } from "../board";
import { paths } from "../paths";
import type { Filter } from "../query";
import { faultsByField, keyOf, keysOf, PARTS, readStart, WHOLE, type Errors, type Part, type Parts, type StartValues } from "./read";

const PRIORITIES: readonly Priority[] = ["low", "normal", "high", "critical"];
const TITLES: Record<Part, string> = { input: "Input", config: "Configuration" };
const WHOLES: Record<Part, string> = { input: "Input: what it works on", config: "Configuration: how it works" };

interface Form {
  parts: Parts;
  values: StartValues;
  errors: Errors;
  busy: boolean;
  change: (changes: Partial<StartValues>) => void;
  changeField: Record<Part, (name: string, value: Raw) => void>;
}

export function StartForm({ kind, filter }: { kind: TaskInfo | null; filter: Filter }): ReactNode {
  const node = useRef<HTMLFormElement>(null);
  const { submit, ...form } = useStart(kind, filter);
  const showFault = useFirstFault(node);
  // It stands below all kinds: whoever has chosen one sees what it asks for.
  useEffect(() => {
    if (kind) node.current?.scrollIntoView({ block: "nearest" });
  }, [kind]);
  const onSubmit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    await submit();
    showFault();
  };
  return (
    <form ref={node} className="start-form card" onSubmit={(event) => void onSubmit(event)} noValidate>
      {kind && PARTS.map((part) => form.parts[part].fields.length > 0 && <Fields key={part} part={part} form={form} />)}
      <MoreOptions form={form} hasKind={kind !== null} />
      {form.errors[""] && (
        <p className="notice" data-tone="bad" role="alert" id="start-error">
          <Icon name="alert" />
          <span className="grow">{form.errors[""]}</span>
        </p>
      )}
      <div className="form-actions">
        <button type="submit" className="button primary" disabled={form.busy}>
          <Icon name="play" />
          {form.busy ? "Starting…" : kind ? `Start ${kind.name}` : "Just start"}
        </button>
      </div>
    </form>
  );
}

function useStart(kind: TaskInfo | null, filter: Filter): Form & { submit: () => Promise<void> } {
  const client = useCallboard();
  const parts = useMemo(() => ({ input: formOf(kind?.input_schema), config: formOf(kind?.config_schema) }), [kind]);
  const [values, setValues] = useState<StartValues>(() => ({ input: initials(parts.input.fields), config: initials(parts.config.fields), priority: "normal", labels: "" }));
  const [errors, setErrors] = useState<Errors>(record);
  const [busy, setBusy] = useState(false);
  // The same key while the same thing is tried again, so that a lost answer does not start it twice.
  const attempt = useRef<{ body: string; key: string } | null>(null);
  const [changeField] = useState(() => {
    const change = (part: Part) => (name: string, value: Raw) => {
      setValues((before) => ({ ...before, [part]: record([...Object.entries(before[part]), [name, value]]) }));
      setErrors((before) => record(Object.entries(before).filter(([key]) => key !== keyOf(part, name))));
    };
    return { input: change("input"), config: change("config") };
  });
  const submit = async (): Promise<void> => {
    if (busy) return;
    const read = readStart(parts, values);
    setErrors(read.errors);
    if (Object.keys(read.errors).length > 0) return;
    const body = writeJson([kind?.name, read.what]);
    // Pages that come neither from this machine nor over TLS have no randomUUID.
    if (attempt.current?.body !== body) attempt.current = { body, key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` };
    setBusy(true);
    try {
      const started = await client.start(kind?.name, { ...read.what, idempotencyKey: attempt.current.key });
      refreshBoard();
      navigate(paths.session(started.session_id, filter));
    } catch (error) {
      const refused = error instanceof CallboardError ? error : null;
      const found = faultsByField(refused?.faults ?? [], keysOf(parts));
      setErrors(Object.keys(found).length > 0 ? found : { "": refused?.message ?? String(error) });
      setBusy(false);
    }
  };
  return { parts, values, errors, busy, changeField, change: (changes) => setValues((before) => ({ ...before, ...changes })), submit };
}

function Fields({ part, form }: { part: Part; form: Form }): ReactNode {
  const base = useId();
  return (
    <section aria-label={TITLES[part]}>
      <h2>{TITLES[part]}</h2>
      <div className="fields">
        {form.parts[part].fields.map((field) => (
          <FieldControl
            key={field.name}
            field={field}
            id={`${base}-${field.name}`}
            value={form.values[part][field.name] ?? ""}
            error={form.errors[keyOf(part, field.name)]}
            onChange={form.changeField[part]}
          />
        ))}
      </div>
    </section>
  );
}

function MoreOptions({ form, hasKind }: { form: Form; hasKind: boolean }): ReactNode {
  const base = useId();
  const { values, errors } = form;
  const wholes = PARTS.filter((part) => hasKind && form.parts[part].anything);
  // What is wrong must be in sight.
  const isWrong = errors["labels"] !== undefined || wholes.some((part) => errors[part] !== undefined);
  return (
    <details className="more-options" open={isWrong || undefined}>
      <summary>{wholes.length > 0 ? "Input, priority and labels" : "Priority and labels"}</summary>
      <div className="fields">
        {wholes.map((part) => (
          <FieldControl key={part} field={{ ...WHOLE, description: WHOLES[part] }} id={`${base}-${part}`} value={values[part][""] ?? ""} error={errors[part]} onChange={form.changeField[part]} />
        ))}
        <div className="field">
          <label htmlFor={`${base}-priority`}>Priority</label>
          <select id={`${base}-priority`} value={values.priority} onChange={(event) => form.change({ priority: event.target.value as Priority })}>
            {PRIORITIES.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
          <p className="hint">When more wait than may run at once, urgent ones come first.</p>
        </div>
        <div className="field" data-wrong={errors["labels"] ? true : undefined}>
          <label htmlFor={`${base}-labels`}>
            Labels<span className="optional"> optional</span>
          </label>
          <input
            id={`${base}-labels`}
            type="text"
            value={values.labels}
            aria-invalid={errors["labels"] ? true : undefined}
            aria-describedby={`${base}-labels-hint`}
            onChange={(event) => form.change({ labels: event.target.value })}
          />
          <p className={errors["labels"] ? "field-error" : "hint"} id={`${base}-labels-hint`}>
            {errors["labels"] ?? "To find it by: team=red, ticket=41"}
          </p>
        </div>
      </div>
    </details>
  );
}
