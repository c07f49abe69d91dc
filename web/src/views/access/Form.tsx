/** A form of this view, in a dialog: what it does, what was refused, and the way out. */

import { useRef, useState, type FormEvent, type ReactNode } from "react";
import { useFirstFault } from "../../forms/useFirstFault";
import { Dialog } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import { faultsOf } from "./faults";

interface Props {
  title: string;
  /** The button that does it, and the same while it is being done. */
  yes: string;
  busy: string;
  fields: readonly string[];
  /** What is wrong before anything is sent, by field; nothing where it can be sent. */
  check: () => Readonly<Record<string, string>>;
  /** What it throws is shown beside the fields. */
  act: () => Promise<void>;
  onClose: () => void;
  children: (faults: Readonly<Record<string, string>>) => ReactNode;
}

export function Form({ title, yes, busy, fields, check, act, onClose, children }: Props): ReactNode {
  const [faults, setFaults] = useState<Readonly<Record<string, string>>>({});
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const showFault = useFirstFault(form);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    const wrong = check();
    setFaults(wrong);
    if (Object.keys(wrong).length > 0) return showFault();
    setBusy(true);
    try {
      await act();
    } catch (error) {
      setFaults(faultsOf(error, fields));
      showFault();
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form ref={form} className="access-form" onSubmit={(event) => void submit(event)} noValidate>
        {children(faults)}
        {faults[""] && (
          <div className="notice" data-tone="bad" role="alert">
            <Icon name="alert" />
            <span className="grow">{faults[""]}</span>
          </div>
        )}
        <div className="actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" aria-disabled={isBusy || undefined}>
            {isBusy ? busy : yes}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
