/** Starts an audit: a document that is dropped, chosen or pasted, and the agents that look through it. */

import { useId, useRef, useState, type DragEvent, type FormEvent, type ReactNode } from "react";
import { CallboardError, type StoredAgent } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { useFirstFault } from "../../../forms/useFirstFault";
import { useCommands } from "../../../shell/commands";
import { navigate } from "../../../shell/router";
import { Icon } from "../../../ui/Icon";
import { kindWords } from "../../../ui/names";
import { inUnit } from "../../../ui/units";
import { paths } from "../paths";
import { useLoaded } from "../../../ui/useLoaded";
import { CHECKS } from "./checks";

const ACCEPTS = ".md,.markdown,.txt,.csv,.html,.htm,.xhtml,.pdf,.xlsx";
const PASTED = "Pasted text";

export function StartAudit(): ReactNode {
  const client = useCallboard();
  const base = useId();
  const picker = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File | null>(null);
  const [text, setText] = useState("");
  const [isOver, setOver] = useState(false);
  const [agents, setAgents] = useState<ReadonlySet<string>>(new Set(CHECKS.map(({ id }) => id)));
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>({});
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const showFault = useFirstFault(form);
  const attempt = useRef<{ what: string; key: string } | null>(null);
  useCommands([{ id: "audit", title: "Choose a document to audit", group: "Audits", keys: "n", run: () => picker.current?.click() }], "start-audit");

  const take = (files: FileList | null): void => {
    const [first] = files ?? [];
    if (!first) return;
    setFile(first);
    setErrors(files && files.length > 1 ? { document: "One document at a time: this is the first of them." } : {});
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files);
  };
  const refuse = (faults: Readonly<Record<string, string>>): void => {
    setErrors(faults);
    showFault();
  };
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    if (!file && text.trim() === "") return refuse({ document: "Drop or choose a document, or paste its text." });
    if (agents.size === 0) return refuse({ agents: "Choose at least one agent." });
    const document = file ?? new Blob([text], { type: "text/markdown" });
    const name = file?.name ?? (titleIn(text) || PASTED);
    const what = JSON.stringify([name, document.size, file?.lastModified ?? text, [...agents]]);
    // The same key while the same thing is tried again, so that a lost answer does not start it twice.
    if (attempt.current?.what !== what) attempt.current = { what, key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` };
    setBusy(true);
    setErrors({});
    try {
      const started = await client.agents.audit({ document, name, agents: [...agents], idempotencyKey: attempt.current.key, ...(!file && { mediaType: "text/markdown" }) });
      navigate(paths.audit(started.audit_id));
    } catch (error) {
      refuse(errorsOf(error));
      setBusy(false);
    }
  };
  const toggle = (id: string): void => {
    setAgents(new Set(agents.has(id) ? [...agents].filter((one) => one !== id) : [...agents, id]));
    setErrors(({ agents: _gone, ...rest }) => rest);
  };
  return (
    <form ref={form} className="card start-audit" onSubmit={(event) => void submit(event)} noValidate aria-labelledby={`${base}-title`}>
      <h1 id={`${base}-title`}>Audit a document</h1>
      <div
        className="drop" data-over={isOver || undefined} data-wrong={errors["document"] ? true : undefined}
        onDragOver={(event) => (event.preventDefault(), setOver(true))} onDragLeave={() => setOver(false)} onDrop={drop}
      >
        <input ref={picker} id={`${base}-file`} className="visually-hidden" type="file" accept={ACCEPTS} aria-describedby={`${base}-types`} onChange={(event) => take(event.target.files)} />
        {file ? (
          <p className="drop-file">
            <Icon name="note" />
            <strong>{file.name}</strong>
            <span className="muted">{inUnit(file.size, "bytes")}</span>
            <button type="button" className="icon-button" aria-label={`Remove ${file.name}`} onClick={() => (setFile(null), picker.current && (picker.current.value = ""))}>
              <Icon name="cross" />
            </button>
          </p>
        ) : (
          <>
            <p>
              <Icon name="upload" />
              Drop a document here, or{" "}
              <label className="button small" htmlFor={`${base}-file`}>
                choose a file
              </label>
            </p>
            <p className="hint" id={`${base}-types`}>
              Markdown, text, CSV, HTML, PDF or XLSX. It stays on this server.
            </p>
          </>
        )}
      </div>
      {!file && (
        <div className="field">
          <label htmlFor={`${base}-text`}>
            Or paste its text<span className="optional"> as Markdown</span>
          </label>
          <textarea id={`${base}-text`} className="mono" rows={4} value={text} onChange={(event) => setText(event.target.value)} />
        </div>
      )}
      <FieldError text={errors["document"]} />
      <fieldset className="agents-choice">
        <legend>Agents</legend>
        <Choices chosen={agents} onToggle={toggle} />
      </fieldset>
      <FieldError text={errors["agents"]} />
      <FieldError text={errors[""]} />
      <div className="form-actions">
        <button type="submit" className="button primary" disabled={isBusy}>
          <Icon name="play" />
          {isBusy ? "Starting…" : "Start the audit"}
        </button>
      </div>
    </form>
  );
}

function FieldError({ text }: { text: string | undefined }): ReactNode {
  if (!text) return null;
  return (
    <p className="field-error" role="alert">
      <Icon name="alert" />
      {text}
    </p>
  );
}

function Choices({ chosen, onToggle }: { chosen: ReadonlySet<string>; onToggle: (id: string) => void }): ReactNode {
  const client = useCallboard();
  const base = useId();
  const { value, error } = useLoaded("agents", (signal) => client.agents.list(signal));
  const others = (value ?? []).map((agent) => ({ id: agent.id, about: aboutOf(agent) }));
  return (
    <>
      {[...CHECKS, ...others].map(({ id, about }) => (
        <div className="tick" key={id}>
          <input id={`${base}-${id}`} type="checkbox" checked={chosen.has(id)} aria-describedby={`${base}-${id}-about`} onChange={() => onToggle(id)} />
          <label htmlFor={`${base}-${id}`}>{kindWords(id)}</label>
          <span className="hint" id={`${base}-${id}-about`}>
            {about}
          </span>
        </div>
      ))}
      {error && <p className="hint">The server’s own agents could not be loaded: {error.message}</p>}
    </>
  );
}

function aboutOf({ role, goal }: StoredAgent): string {
  return [role, goal].filter(Boolean).join(": ");
}

/** What a pasted text is called: its first heading, else its first line. */
function titleIn(text: string): string {
  const line = text.split("\n").find((one) => one.trim() !== "") ?? "";
  return line.replace(/^#+\s*/, "").trim().slice(0, 80);
}

function errorsOf(error: unknown): Record<string, string> {
  if (!(error instanceof CallboardError)) return { "": String(error) };
  if (error.faults.length === 0) return { "": error.message };
  const errors: Record<string, string> = {};
  for (const { loc, msg } of error.faults) {
    const field = loc[1] === "agents" ? "agents" : loc[1] === "document" || loc[1] === "media_type" ? "document" : "";
    const said = `${field === "" ? `${loc.slice(1).join(".")}: ` : ""}${msg.charAt(0).toUpperCase()}${msg.slice(1)}.`;
    errors[field] = [errors[field], said].filter(Boolean).join(" ");
  }
  return errors;
}
