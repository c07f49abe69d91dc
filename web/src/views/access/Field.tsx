/** A labelled text field of this view's forms, with what is wrong beside it. */

import { useId, type InputHTMLAttributes, type ReactNode } from "react";

interface Props extends Omit<InputHTMLAttributes<HTMLInputElement>, "onChange"> {
  label: string;
  hint?: string;
  fault?: string | undefined;
  onText: (text: string) => void;
}

export function Field({ label, hint, fault, onText, ...input }: Props): ReactNode {
  const id = useId();
  return (
    <div className="access-field">
      <label htmlFor={id}>{label}</label>
      <input type="text" autoComplete="off" spellCheck={false} {...input} id={id} onChange={(event) => onText(event.target.value)} aria-invalid={fault ? true : undefined} aria-describedby={fault || hint ? `${id}-note` : undefined} />
      {(fault || hint) && (
        <p id={`${id}-note`} className={fault ? "field-fault" : "muted"} role={fault ? "alert" : undefined}>
          {fault ?? hint}
        </p>
      )}
    </div>
  );
}
