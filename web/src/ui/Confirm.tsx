/** Asks before something that cannot be undone. The focus is on what changes nothing. */

import { useState, type ReactNode } from "react";
import { CallboardError } from "@callboard/client";
import { tell } from "../shell/toasts";
import { Dialog } from "./Dialog";

interface Props {
  title: string;
  /** The button that does it. */
  yes: string;
  /** The same button while it is being done. */
  busy: string;
  /** The button that leaves everything as it is. */
  no: string;
  /** Gives what to say afterwards, or null to say nothing. What it throws is shown. */
  act: (stopped: AbortSignal) => Promise<string | null>;
  /** Whether what is not done yet can be left undone: closing stops it then. */
  canStop?: boolean;
  onClose: () => void;
  children: ReactNode;
}

export function Confirm({ title, yes, busy, no, act, canStop = false, onClose, children }: Props): ReactNode {
  const [isBusy, setBusy] = useState(false);
  const [isStopping, setStopping] = useState(false);
  const [stopping] = useState(() => new AbortController());
  const close = (): void => {
    if (!isBusy || !canStop) return onClose();
    stopping.abort();
    setStopping(true);
  };
  const run = async (): Promise<void> => {
    if (isBusy) return;
    setBusy(true);
    try {
      const text = await act(stopping.signal);
      if (text !== null) tell(text, "good");
    } catch (error) {
      tell(error instanceof CallboardError ? error.message : String(error), "bad");
    }
    onClose();
  };
  return (
    <Dialog title={title} onClose={close} className="confirm">
      {children}
      <div className="actions">
        <button type="button" className="button" autoFocus onClick={close}>
          {!isBusy ? no : !canStop ? "Close" : isStopping ? "Stopping…" : "Stop"}
        </button>
        <button type="button" className="button destructive" aria-disabled={isBusy || undefined} onClick={() => void run()}>
          {isBusy ? busy : yes}
        </button>
      </div>
    </Dialog>
  );
}
