/** Kicks a crew off: its inputs, and what it may spend. */

import { useId, useMemo, useRef, useState, type FormEvent, type ReactNode } from "react";
import { CallboardError, readNumber, record, writeJson, type BudgetLimits, type StoredAgent, type StoredCrew } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { FieldControl } from "../../../forms/FieldControl";
import type { FormField, Raw } from "../../../forms/fields";
import { useFirstFault } from "../../../forms/useFirstFault";
import { navigate } from "../../../shell/router";
import { Icon } from "../../../ui/Icon";
import { paths } from "../paths";
import { inputNames } from "./order";

const LIMITS: readonly { name: keyof BudgetLimits; title: string }[] = [
  { name: "tokens", title: "Tokens" },
  { name: "turns", title: "Turns" },
  { name: "seconds", title: "Seconds with models" },
  { name: "cost", title: "Cost" },
];
const LONG_INPUT = 60;

/** The inputs that a crew's texts name, and those that it has values for. */
export function inputsOf(crew: StoredCrew, agents: readonly StoredAgent[]): FormField[] {
  const members = agents.filter(({ id }) => crew.agents.includes(id) || id === crew.manager_agent);
  const texts = [
    ...crew.tasks.flatMap(({ description, expected_output }) => [description, expected_output]),
    ...members.flatMap(({ role, goal, backstory }) => [role, goal, backstory]),
  ];
  const names = [...new Set([...Object.keys(crew.inputs), ...inputNames(texts)])];
  return names.map((name) => {
    const value = crew.inputs[name];
    const said = value === undefined ? null : typeof value === "string" ? value : writeJson(value);
    return { name, description: "", type: (said ?? "").length > LONG_INPUT ? "text" : "string", value: said, required: value === undefined };
  });
}

/** What reads the files of a folder, which a kickoff has to name. */
const OF_FILES = new Set(["read_file", "search_files"]);
const FOLDER = "folder";

export function Kickoff({ crew, agents }: { crew: StoredCrew; agents: readonly StoredAgent[] }): ReactNode {
  const client = useCallboard();
  const base = useId();
  const form = useRef<HTMLFormElement>(null);
  const known = useMemo(() => inputsOf(crew, agents), [crew, agents]);
  const [more, setMore] = useState<readonly FormField[]>([]);
  const fields = [...known, ...more];
  const readsFiles = agents.some(({ id, tools }) => crew.agents.includes(id) && tools.some((tool) => OF_FILES.has(tool)));
  const [folder, setFolder] = useState("");
  const [values, setValues] = useState<Readonly<Record<string, string>>>(() => record(known.map(({ name, value }) => [name, String(value ?? "")] as const)));
  const [limits, setLimits] = useState<Readonly<Record<string, string>>>(record);
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>(record);
  const [isBusy, setBusy] = useState(false);
  const showFault = useFirstFault(form);
  const attempt = useRef<{ body: string; key: string } | null>(null);
  const [change] = useState(() => (name: string, value: Raw) => {
    setValues((before) => record([...Object.entries(before), [name, String(value)]]));
    setErrors((before) => record(Object.entries(before).filter(([key]) => key !== name)));
  });
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    const read = readBudget(limits);
    const missing = fields.filter(({ name, required }) => required && (values[name] ?? "").trim() === "").map(({ name }) => [name, "This is needed: the crew’s texts name it."] as const);
    if (missing.length > 0 || Object.keys(read.errors).length > 0) {
      setErrors(record([...missing, ...Object.entries(read.errors)]));
      showFault();
      return;
    }
    const inputs = Object.fromEntries(fields.map(({ name }) => [name, valueOf(crew.inputs[name], values[name] ?? "")]));
    const body = writeJson([inputs, read.budget, folder]);
    if (attempt.current?.body !== body) attempt.current = { body, key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` };
    setBusy(true);
    try {
      const begun = await client.agents.kickoff(crew.id, { inputs, idempotencyKey: attempt.current.key, ...(Object.keys(read.budget).length > 0 && { budget: read.budget }), ...(folder.trim() && { folder: folder.trim() }) });
      navigate(paths.run(begun.session_id));
    } catch (error) {
      setBusy(false);
      showFault();
      if (!(error instanceof CallboardError)) return setErrors({ "": String(error) });
      // The server knows best what its texts name.
      const unknown = error.faults.flatMap(({ loc }) => (loc[1] === "inputs" && loc[2] && !fields.some(({ name }) => name === loc[2]) ? [loc[2]] : []));
      setMore((before) => [...before, ...unknown.map((name): FormField => ({ name, description: "", type: "string", value: null, required: true }))]);
      const found = error.faults.map(({ loc, msg }) => [loc[1] === "inputs" ? (loc[2] ?? "") : loc[1] === "budget" ? `budget.${loc[2] ?? ""}` : loc[1] === "folder" ? `.${FOLDER}` : "", msg.charAt(0).toUpperCase() + msg.slice(1)] as const);
      setErrors(found.length > 0 ? record(found) : { "": error.message });
    }
  };
  const isBudgetWrong = LIMITS.some(({ name }) => errors[`budget.${name}`] !== undefined);
  return (
    <form className="card kickoff" ref={form} onSubmit={(event) => void submit(event)} noValidate aria-label="Kick off">
      <h2>Kick off</h2>
      {fields.length === 0 && <p className="muted">This crew needs no inputs.</p>}
      {fields.length > 0 && (
        <div className="fields">
          {fields.map((field, place) => (
            <FieldControl key={field.name} field={field} id={`${base}-${place}`} value={values[field.name] ?? ""} error={errors[field.name]} onChange={change} />
          ))}
        </div>
      )}
      {readsFiles && (
        <div className="field" data-wrong={errors[`.${FOLDER}`] ? true : undefined}>
          <label htmlFor={`${base}-folder`}>
            Folder<span className="optional"> optional</span>
          </label>
          <input
            id={`${base}-folder`} type="text" autoComplete="off" value={folder} aria-invalid={errors[`.${FOLDER}`] ? true : undefined} aria-describedby={`${base}-folder-hint`}
            onChange={({ target }) => setFolder(target.value)}
          />
          <p className={errors[`.${FOLDER}`] ? "field-error" : "hint"} id={`${base}-folder-hint`}>
            {errors[`.${FOLDER}`] ?? "What its agents may read: a name of agents.folders in the server’s settings."}
          </p>
        </div>
      )}
      <details className="kickoff-budget" open={isBudgetWrong || undefined}>
        <summary>Budget{budgetWords(crew.budget)}</summary>
        <p className="hint">What is left empty is limited as the crew and the server’s settings say.</p>
        <div className="kickoff-limits">
          {LIMITS.map(({ name, title }) => {
            const error = errors[`budget.${name}`];
            return (
              <div className="field" key={name} data-wrong={error ? true : undefined}>
                <label htmlFor={`${base}-budget-${name}`}>{title}</label>
                <input
                  id={`${base}-budget-${name}`} type="text" inputMode="decimal" autoComplete="off" value={limits[name] ?? ""} placeholder={crew.budget[name] === null ? "" : String(crew.budget[name])}
                  aria-invalid={error ? true : undefined} aria-describedby={error ? `${base}-budget-${name}-error` : undefined}
                  onChange={({ target }) => setLimits((before) => record([...Object.entries(before), [name, target.value]]))}
                />
                {error && (
                  <p className="field-error" id={`${base}-budget-${name}-error`}>
                    <Icon name="alert" />
                    {error}
                  </p>
                )}
              </div>
            );
          })}
        </div>
      </details>
      {errors[""] && (
        <p className="notice" data-tone="bad" role="alert">
          <Icon name="alert" />
          <span className="grow">{errors[""]}</span>
        </p>
      )}
      <div className="form-actions">
        <button type="submit" className="button primary" disabled={isBusy}>
          <Icon name="play" />
          {isBusy ? "Kicking off…" : "Kick off"}
        </button>
      </div>
    </form>
  );
}

/** An input as it is sent: text, unless the crew's own value is something else. */
function valueOf(own: unknown, said: string): unknown {
  if (own === undefined || typeof own === "string") return said;
  try {
    return JSON.parse(said) as unknown;
  } catch {
    return said;
  }
}

function readBudget(limits: Readonly<Record<string, string>>): { budget: Partial<BudgetLimits>; errors: Record<string, string> } {
  const budget: Partial<BudgetLimits> = {};
  const errors = record<string>();
  for (const { name } of LIMITS) {
    const said = (limits[name] ?? "").replaceAll(/[\s,]/g, "");
    if (said === "") continue;
    const value = readNumber(said);
    const isWhole = name === "tokens" || name === "turns";
    if (typeof value !== "number" || value <= 0 || (isWhole && !Number.isInteger(value))) errors[`budget.${name}`] = isWhole ? "A whole number above zero." : "A number above zero.";
    else budget[name] = value;
  }
  return { budget, errors };
}

function budgetWords(budget: BudgetLimits): string {
  const parts = LIMITS.flatMap(({ name, title }) => (budget[name] === null ? [] : [`${budget[name].toLocaleString("en")} ${title.toLowerCase()}`]));
  return parts.length > 0 ? `: ${parts.join(", ")}` : "";
}
