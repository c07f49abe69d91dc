/** Starts a task: its kind, a form made from its schemas, how urgent it is; or just one of the demonstrations. */

import { useEffect, useId, useMemo, useRef, useState, type FormEvent, type ReactNode } from "react";
import { useCallboard } from "@callboard/client/react";
import { CallboardError, type Fault, type Priority, type StartOptions, type TaskInfo } from "@callboard/client";
import { navigate, Link } from "../../../shell/router";
import { FieldControl } from "../../../forms/FieldControl";
import { initials, readAll, type FormField, type Raw, type RawValues } from "../../../forms/fields";
import { formOf } from "../../../forms/schema";
import { Icon } from "../../../ui/Icon";
import { refreshBoard } from "../board";
import { loadKinds, useKinds } from "../kinds";
import { paths } from "../paths";
import type { Filter } from "../query";

const PRIORITIES: readonly Priority[] = ["low", "normal", "high", "critical"];
const WHOLE: FormField = { name: "", description: "", type: "json", value: null, required: false };

export function StartPanel({ kind, filter }: { kind: string | null; filter: Filter }): ReactNode {
  const client = useCallboard();
  const { kinds, error } = useKinds();
  const chosen = kinds?.find(({ name }) => name === kind) ?? null;
  useEffect(() => {
    document.title = "Start a task · Callboard";
  }, []);
  return (
    <div className="start">
      <header className="detail-head">
        <Link className="icon-button back" to={paths.list(filter)} aria-label="Back to the list">
          <Icon name="left" />
        </Link>
        <h1>Start a task</h1>
      </header>
      {error && (
        <div className="notice" data-tone="bad" role="alert">
          <span className="grow">{error}</span>
          <button type="button" className="button small" onClick={() => void loadKinds(client)}>
            Try again
          </button>
        </div>
      )}
      {!kinds && !error && <p className="loading">Asking the server what can be started…</p>}
      {kinds && <Kinds kinds={kinds} chosen={chosen} filter={filter} />}
      {kinds && kind !== null && !chosen && (
        <p className="notice" data-tone="warn">
          This server has no task called “{kind}”. Choose one of those above.
        </p>
      )}
      {kinds && <StartForm key={chosen?.name ?? ""} kind={chosen} filter={filter} />}
    </div>
  );
}

function Kinds({ kinds, chosen, filter }: { kinds: readonly TaskInfo[]; chosen: TaskInfo | null; filter: Filter }): ReactNode {
  const name = useId();
  const card = (value: string | null, title: string, text: string): ReactNode => (
    <label className="kind" key={title} data-chosen={(chosen?.name ?? null) === value || undefined}>
      <input type="radio" name={name} aria-labelledby={`${name}-${title}`} aria-describedby={`${name}-${title}-text`} checked={(chosen?.name ?? null) === value} onChange={() => navigate(paths.start(value, filter), { replace: true })} />
      <span className="kind-name" id={`${name}-${title}`}>{title}</span>
      <span className="kind-text" id={`${name}-${title}-text`}>{text}</span>
    </label>
  );
  return (
    <fieldset className="kinds">
      <legend className="visually-hidden">Kind of task</legend>
      {kinds.map((kind) => card(kind.name, kind.name, kind.description))}
      {card(null, "Surprise me", "One of the demonstrations, by chance: the quickest way to see how this works.")}
    </fieldset>
  );
}

type Part = "input" | "config";

/** The server's faults by the key of the field that they belong to; the rest under "". */
export function faultsByField(faults: readonly Fault[], keys: ReadonlySet<string>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { loc, msg } of faults) {
    const path = loc[0] === "body" ? loc.slice(1) : loc;
    const key = [2, 1].map((length) => path.slice(0, length).join(".")).find((one) => keys.has(one));
    const text = msg.charAt(0).toUpperCase() + msg.slice(1);
    if (key === undefined) found[""] = [found[""], `${path.join(".")}: ${msg}`].filter(Boolean).join(" · ");
    else found[key] = [found[key], text].filter(Boolean).join(" ");
  }
  return found;
}

function StartForm({ kind, filter }: { kind: TaskInfo | null; filter: Filter }): ReactNode {
  const client = useCallboard();
  const base = useId();
  const form = useRef<HTMLFormElement>(null);
  const parts = useMemo(() => ({ input: formOf(kind?.input_schema), config: formOf(kind?.config_schema) }), [kind]);
  const fieldsOf = (part: Part): readonly FormField[] => (parts[part].anything && kind ? [{ ...WHOLE, name: "" }] : parts[part].fields);
  const [values, setValues] = useState<Record<Part, RawValues>>(() => ({ input: initials(parts.input.fields), config: initials(parts.config.fields) }));
  const [priority, setPriority] = useState<Priority>("normal");
  const [labels, setLabels] = useState("");
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  // The same key while the same thing is tried again, so that a lost answer does not start it twice.
  const attempt = useRef<{ body: string; key: string } | null>(null);

  const wholes = (["input", "config"] as const).filter((part) => kind && parts[part].anything);
  const change = (part: Part) => (name: string, value: Raw) => {
    setValues((before) => ({ ...before, [part]: { ...before[part], [name]: value } }));
    setErrors(({ [name ? `${part}.${name}` : part]: _gone, ...rest }) => rest);
  };
  const changeOf = useRef({ input: change("input"), config: change("config") });

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    const read = { input: readAll(fieldsOf("input"), values.input), config: readAll(fieldsOf("config"), values.config) };
    const wrong: Record<string, string> = {};
    for (const part of ["input", "config"] as const) {
      for (const [name, text] of Object.entries(read[part].errors)) wrong[name ? `${part}.${name}` : part] = text;
    }
    const marks = readLabels(labels);
    if (typeof marks === "string") wrong["labels"] = marks;
    setErrors(wrong);
    if (Object.keys(wrong).length > 0) return;
    const valueOf = (part: Part): unknown => (parts[part].anything ? read[part].values[""] : Object.keys(read[part].values).length > 0 ? read[part].values : undefined);
    const what: StartOptions = { input: valueOf("input"), config: valueOf("config") as Record<string, unknown> | undefined };
    if (priority !== "normal") what.priority = priority;
    if (typeof marks === "object" && Object.keys(marks).length > 0) what.labels = marks;
    const body = JSON.stringify([kind?.name, what]);
    if (attempt.current?.body !== body) attempt.current = { body, key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` };
    setBusy(true);
    try {
      const started = await client.start(kind?.name, { ...what, idempotencyKey: attempt.current.key });
      refreshBoard();
      navigate(paths.session(started.session_id, filter));
    } catch (error) {
      const keys = new Set(["input", "config", "labels", ...(["input", "config"] as const).flatMap((part) => parts[part].fields.map(({ name }) => `${part}.${name}`))]);
      const refused = error instanceof CallboardError ? error : null;
      const found = faultsByField(refused?.faults ?? [], keys);
      if (Object.keys(found).length === 0) found[""] = refused?.message ?? String(error);
      setErrors(found);
      setBusy(false);
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
    }
  };

  return (
    <form ref={form} className="start-form card" onSubmit={(event) => void submit(event)} noValidate>
      {(["input", "config"] as const).map((part) => {
        const { fields } = parts[part];
        if (fields.length === 0) return null;
        return (
          <section key={part} aria-label={part === "input" ? "Input" : "Configuration"}>
            <h2>{part === "input" ? "Input" : "Configuration"}</h2>
            <div className="fields">
              {fields.map((field) => (
                <FieldControl
                  key={field.name}
                  field={field}
                  id={`${base}-${part}-${field.name}`}
                  value={values[part][field.name] ?? ""}
                  error={errors[`${part}.${field.name}`]}
                  onChange={changeOf.current[part]}
                />
              ))}
            </div>
          </section>
        );
      })}
      <details className="more-options">
        <summary>{wholes.length > 0 ? "Input, priority and labels" : "Priority and labels"}</summary>
        <div className="fields">
          {wholes.map((part) => (
            <FieldControl
              key={part}
              field={{ ...WHOLE, description: part === "input" ? "Input: what it works on" : "Configuration: how it works" }}
              id={`${base}-${part}`}
              value={values[part][""] ?? ""}
              error={errors[part]}
              onChange={changeOf.current[part]}
            />
          ))}
          <div className="field">
            <label htmlFor={`${base}-priority`}>Priority</label>
            <select id={`${base}-priority`} value={priority} onChange={(event) => setPriority(event.target.value as Priority)}>
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
              value={labels}
              aria-invalid={errors["labels"] ? true : undefined}
              aria-describedby={`${base}-labels-hint`}
              onChange={(event) => setLabels(event.target.value)}
            />
            <p className="hint" id={`${base}-labels-hint`}>
              {errors["labels"] ?? "To find it by: team=red, ticket=41"}
            </p>
          </div>
        </div>
      </details>
      {errors[""] && (
        <p className="notice" data-tone="bad" role="alert" id="start-error">
          <Icon name="alert" />
          <span className="grow">{errors[""]}</span>
        </p>
      )}
      <div className="form-actions">
        <button type="submit" className="button primary" disabled={busy}>
          <Icon name="play" />
          {busy ? "Starting…" : kind ? `Start ${kind.name}` : "Just start"}
        </button>
      </div>
    </form>
  );
}

/** `a=1, b=2` as labels, or what is wrong with it. */
export function readLabels(text: string): Record<string, string> | string {
  const labels: Record<string, string> = {};
  for (const part of text.split(",").map((one) => one.trim()).filter(Boolean)) {
    const at = part.indexOf("=");
    if (at < 1) return `“${part}” has no value: write name=value, with commas in between.`;
    labels[part.slice(0, at).trim()] = part.slice(at + 1).trim();
  }
  return labels;
}
