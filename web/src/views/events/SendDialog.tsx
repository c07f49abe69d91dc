/** The form for an event of one's own. */

import { useEffect, useId, useRef, useState, type FormEvent, type ReactNode } from "react";
import { parseJson, CallboardError, PRIORITIES, type DeclaredType, type EventLog, type NewEvent, type Priority } from "@callboard/client";
import { useFirstFault } from "../../forms/useFirstFault";
import { tell } from "../../shell/toasts";
import { Dialog } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import { isCustom } from "./kinds";
import type { Filter } from "./query";

interface Draft {
  type: string;
  priority: Priority;
  data: string;
  execution_id: string;
  crew_id: string;
  agent_id: string;
}

type Faults = Partial<Record<keyof Draft | "all", string>>;

/** The event that a form describes, or what is wrong with the form. */
export function eventOf(draft: Draft): { event: NewEvent } | { faults: Faults } {
  const faults: Faults = {};
  const type = draft.type.trim();
  if (!isCustom(type)) faults.type = "A type is “custom.” and words of letters, digits, _ and -, with dots between them.";
  let data: unknown = {};
  try {
    data = draft.data.trim() === "" ? {} : parseJson(draft.data);
    if (data === null || typeof data !== "object" || Array.isArray(data)) faults.data = "The data is a JSON object, such as {\"order\": 7}.";
  } catch (error) {
    faults.data = `This is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (Object.keys(faults).length > 0) return { faults };
  const ids = (["execution_id", "crew_id", "agent_id"] as const).filter((name) => draft[name].trim() !== "");
  return { event: { type, data, priority: draft.priority, ...Object.fromEntries(ids.map((name) => [name, draft[name].trim()])) } };
}

/** What the server says is wrong, beside the field that it is about. */
function faultsOf(error: unknown): Faults {
  if (!(error instanceof CallboardError)) return { all: String(error) };
  const faults: Faults = {};
  for (const { loc, msg } of error.faults) {
    const [, field, ...within] = loc.map(String);
    const known = (["type", "priority", "data", "execution_id", "crew_id", "agent_id"] as const).find((name) => name === field) ?? "all";
    const text = within.length > 0 ? `${within.join(".")}: ${msg}` : msg;
    faults[known] = faults[known] ? `${faults[known]} ${text}` : text;
  }
  return Object.keys(faults).length > 0 ? faults : { all: error.message };
}

export function SendDialog({ log, filter, onClose }: { log: EventLog; filter: Filter; onClose: () => void }): ReactNode {
  const [draft, setDraft] = useState<Draft>({
    type: filter.types.find(isCustom) ?? "custom.", priority: "normal", data: "{\n  \n}", execution_id: filter.execution, crew_id: filter.crew, agent_id: filter.agent,
  });
  const [faults, setFaults] = useState<Faults>({});
  const [isSending, setSending] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const showFault = useFirstFault(form);
  const declared = useDeclared(log);
  const proposals = useId();
  const about = declared.find(({ type }) => type === draft.type.trim())?.description;
  const set = (changes: Partial<Draft>): void => setDraft({ ...draft, ...changes });
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const made = eventOf(draft);
    if ("faults" in made) {
      setFaults(made.faults);
      return showFault();
    }
    setFaults({});
    setSending(true);
    try {
      const { type, seq } = await log.send(made.event);
      tell(seq === undefined ? `${type} was sent.` : `${type} was sent, and stands at ${seq} in the log.`, "good");
      onClose();
    } catch (error) {
      setFaults(faultsOf(error));
      showFault();
      setSending(false);
    }
  };
  return (
    <Dialog title="Send an event" onClose={onClose}>
      <form ref={form} className="send-form" noValidate onSubmit={(event) => void send(event)}>
        <datalist id={proposals}>
          {declared.map(({ type, description }) => (
            <option key={type} value={type} label={description} />
          ))}
        </datalist>
        <Field label="Type" fault={faults.type} hint={about}>
          {(props) => <input type="text" className="mono" list={proposals} autoFocus autoComplete="off" spellCheck={false} placeholder="custom.orders.paid" value={draft.type} onChange={(event) => set({ type: event.target.value })} {...props} />}
        </Field>
        <Field label="Priority" fault={faults.priority}>
          {(props) => (
            <select value={draft.priority} onChange={(event) => set({ priority: event.target.value as Priority })} {...props}>
              {PRIORITIES.map((priority) => (
                <option key={priority}>{priority}</option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Data, as JSON" fault={faults.data} wide>
          {(props) => <textarea className="mono" rows={6} spellCheck={false} value={draft.data} onChange={(event) => set({ data: event.target.value })} {...props} />}
        </Field>
        {(["execution_id", "crew_id", "agent_id"] as const).map((name) => (
          <Field key={name} label={{ execution_id: "Execution", crew_id: "Crew", agent_id: "Agent" }[name]} fault={faults[name]} optional wide={name === "execution_id"}>
            {(props) => <input type="text" autoComplete="off" spellCheck={false} value={draft[name]} onChange={(event) => set({ [name]: event.target.value })} {...props} />}
          </Field>
        ))}
        {faults.all && (
          <p className="notice" data-tone="bad" role="alert">
            <Icon name="alert" />
            <span>{faults.all}</span>
          </p>
        )}
        <div className="actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" disabled={isSending}>
            {isSending ? "Sending…" : "Send the event"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** The types that users have declared: proposals, which the form does without where they do not come. */
function useDeclared(log: EventLog): readonly DeclaredType[] {
  const [declared, setDeclared] = useState<readonly DeclaredType[]>([]);
  useEffect(() => {
    const gone = new AbortController();
    log.types(gone.signal).then(setDeclared, () => undefined);
    return () => gone.abort();
  }, [log]);
  return declared;
}

interface FieldProps {
  label: string;
  hint?: string | undefined;
  fault: string | undefined;
  optional?: boolean;
  wide?: boolean;
  children: (props: { id: string; "aria-invalid"?: true; "aria-describedby"?: string }) => ReactNode;
}

function Field({ label, hint, fault, optional = false, wide = false, children }: FieldProps): ReactNode {
  const id = useId();
  return (
    <div className="send-field" data-wide={wide || undefined}>
      <label htmlFor={id}>
        {label} {optional && <span className="optional">(optional)</span>}
      </label>
      {children({ id, ...(fault && { "aria-invalid": true as const, "aria-describedby": `${id}-fault` }) })}
      {hint && <p className="muted">{hint}</p>}
      {fault && (
        <p className="field-error" id={`${id}-fault`} role="alert">
          <Icon name="alert" />
          {fault}
        </p>
      )}
    </div>
  );
}
