/** A question to a person: yes or no, or a form, with the server's errors beside its fields. */

import { useEffect, useId, useRef, useState, type FormEvent, type KeyboardEvent, type ReactNode, type SyntheticEvent } from "react";
import { record, type OpenRequest } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { useMay } from "../identity/may";
import { Icon } from "../ui/Icon";
import { useNow } from "../ui/time";
import { Answerers } from "./Answerers";
import { Context } from "./Context";
import { deadlineWords } from "./deadline";
import { FieldControl } from "./FieldControl";
import { keepDraft, readDraft } from "./drafts";
import { initials, readAll, type Raw, type RawValues } from "./fields";
import { Share } from "./Share";
import { showFirstFault } from "./useFirstFault";
import { useSettled } from "./useSettled";

interface Props {
  request: OpenRequest;
  /** The session that asks: with it the question can be shared. */
  sessionId?: string;
  canSend: boolean;
  onAnswer: (value: boolean | Record<string, unknown>) => void;
}

const TITLES = { confirmation: "Needs your approval", input: "Needs your input", retry: "Try again?" } as const;

/** An open question with its countdown and what answers it: yes and no, or a form. */
export function Question(given: Props): ReactNode {
  const mayAnswer = useMay("sessions:answer");
  const props = { ...given, canSend: given.canSend && mayAnswer };
  const { request } = props;
  const title = useId();
  const isSettled = useSettled();
  // A second click may be meant for the question that stood here before: what has just appeared is not answered by it.
  const guard = (event: SyntheticEvent): void => {
    if (isSettled) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <section className="question" data-kind={request.kind} data-request={request.id} aria-labelledby={title} tabIndex={-1}>
      <header>
        <Icon name={request.kind === "retry" ? "retry" : "hand"} />
        <h2 id={title}>{TITLES[request.kind]}</h2>
        {request.deadline !== null && <Countdown request={request} deadline={request.deadline} />}
      </header>
      {request.context?.title && <p className="question-about">{request.context.title}</p>}
      <Answerers request={request} />
      <div role="group" aria-labelledby={title} aria-disabled={isSettled ? undefined : true} onClickCapture={guard} onKeyDownCapture={(event) => acts(event) && guard(event)} onSubmitCapture={guard}>
        {request.kind === "input" ? <InputForm {...props} /> : <YesOrNo {...props} />}
      </div>
      {props.sessionId && (
        <footer>
          <Share key={request.id} sessionId={props.sessionId} requestId={request.id} />
        </footer>
      )}
    </section>
  );
}

/** Whether a key does more than move the focus or type a letter. */
function acts({ key, target }: KeyboardEvent): boolean {
  const types = target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && target.type !== "checkbox");
  return key === "Enter" ? !(target instanceof HTMLTextAreaElement) : key === " " && !types;
}

/** What happens then, and how long that is from now. */
function Countdown({ request, deadline }: { request: OpenRequest; deadline: number }): ReactNode {
  const client = useCallboard();
  const { then, left, isSoon } = deadlineWords(deadline, useNow(250) + client.clockSkew, request.kind, request.default);
  return (
    <span className="countdown" data-soon={isSoon || undefined} role="timer" aria-live="off">
      <Icon name="clock" />
      {then} · {left}
    </span>
  );
}

function YesOrNo({ request, canSend, onAnswer }: Props): ReactNode {
  const { kind, message, sending, attempt } = request;
  const disabled = !canSend || sending;
  const [yes, no] = kind === "retry" ? ["Retry", "Give up"] : ["Yes", "No"];
  return (
    <>
      {kind === "retry" ? (
        <div className="failure">
          <p>Attempt {attempt} failed:</p>
          <pre>{message}</pre>
        </div>
      ) : (
        <p className="question-text">{message}</p>
      )}
      <Context context={request.context} />
      <div className="form-actions">
        <button type="button" className="button primary" disabled={disabled} onClick={() => onAnswer(true)}>
          <Icon name={kind === "retry" ? "retry" : "check"} />
          {yes}
        </button>
        <button type="button" className="button" disabled={disabled} onClick={() => onAnswer(false)}>
          <Icon name="cross" />
          {no}
        </button>
        <Sending sending={sending} canSend={canSend} />
      </div>
    </>
  );
}

function Sending({ sending, canSend }: { sending: boolean; canSend: boolean }): ReactNode {
  const mayAnswer = useMay("sessions:answer");
  if (!mayAnswer) return <span className="muted">You may not answer: that needs the scope sessions:answer.</span>;
  if (sending) return <span className="muted">Sent. Waiting for the server…</span>;
  return canSend ? null : <span className="muted">You can answer once the connection is back.</span>;
}

function InputForm({ request, canSend, onAnswer }: Props): ReactNode {
  const { id, fields, message, sending, errors: told } = request;
  const base = useId();
  const form = useRef<HTMLFormElement>(null);
  const [values, setValues] = useState<RawValues>(() => record([...Object.entries(initials(fields)), ...Object.entries(readDraft(id))]));
  const [errors, setErrors] = useState<Readonly<Record<string, string>>>(record);

  useEffect(() => keepDraft(id, fields, values), [id, fields, values]);
  useEffect(() => {
    if (told.length === 0) return;
    const found = record<string>();
    for (const { field, message: text } of told) {
      const name = fields.some((one) => one.name === field) ? field : "";
      found[name] = [found[name], sentence(name || !field ? text : `${field}: ${text}`)].filter(Boolean).join(" ");
    }
    setErrors(found);
  }, [told, fields]);
  useEffect(() => {
    if (Object.keys(errors).length > 0) showFirstFault(form.current);
  }, [errors]);

  const [change] = useState(() => (name: string, value: Raw) => setValues((before) => record([...Object.entries(before), [name, value]])));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!canSend || sending) return;
    const read = readAll(fields, values);
    // The browser keeps what is no number at all out of the value: it would look as if nothing had been typed.
    for (const input of form.current?.querySelectorAll("input") ?? []) if (input.validity.badInput) read.errors[input.name] = "This is not complete, or not a number.";
    setErrors(read.errors);
    if (Object.keys(read.errors).length > 0) return;
    onAnswer(read.values);
  };
  return (
    <form ref={form} onSubmit={submit} noValidate>
      {message && <p className="question-text">{message}</p>}
      <Context context={request.context} />
      <div className="fields">
        {fields.map((field, place) => (
          <FieldControl key={field.name} field={field} id={`${base}-${place}`} value={values[field.name] ?? ""} error={errors[field.name]} disabled={sending} onChange={change} />
        ))}
      </div>
      {errors[""] && (
        <p className="notice" data-tone="bad" role="alert">
          {errors[""]}
        </p>
      )}
      <div className="form-actions">
        <button type="submit" className="button primary" disabled={!canSend || sending}>
          <Icon name="check" />
          {sending ? "Sending…" : "Send"}
        </button>
        <Sending sending={sending} canSend={canSend} />
      </div>
    </form>
  );
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
