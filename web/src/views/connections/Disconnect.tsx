/** Closing connections, after a question: one of them, or those that were not heard for long. */

import { useState, type ReactNode } from "react";
import { CallboardError, type AdminCalls } from "@callboard/client";
import { tell } from "../../shell/toasts";
import { Dialog } from "../../ui/Dialog";
import { refreshList, said, wantsToken } from "./store";

interface Question {
  title: string;
  text: string;
  yes: string;
  act: () => Promise<string>;
  onClose: () => void;
}

function Ask({ title, text, yes, act, onClose }: Question): ReactNode {
  const [isBusy, setBusy] = useState(false);
  const run = async (): Promise<void> => {
    if (isBusy) return;
    setBusy(true);
    try {
      tell(await act(), "good");
    } catch (error) {
      if (!wantsToken(error)) tell(said(error), "bad");
    }
    refreshList();
    onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{text}</p>
      <div className="actions">
        <button type="button" className="button" onClick={onClose}>
          Leave it
        </button>
        <button type="button" className="button primary" aria-disabled={isBusy} onClick={() => void run()}>
          {isBusy ? "Closing…" : yes}
        </button>
      </div>
    </Dialog>
  );
}

export function Disconnect({ calls, id, onClose }: { calls: AdminCalls; id: string; onClose: () => void }): ReactNode {
  const act = async (): Promise<string> => {
    try {
      await calls.disconnect(id);
    } catch (error) {
      if (error instanceof CallboardError && error.status === 404) return `${id} has gone already.`;
      throw error;
    }
    return `${id} was disconnected.`;
  };
  return (
    <Ask
      title={`Disconnect ${id}?`}
      text="Its socket is closed with code 4509, after which a client does not come back by itself. What it started goes on."
      yes="Disconnect"
      act={act}
      onClose={onClose}
    />
  );
}

export function RemoveStale({ calls, onClose }: { calls: AdminCalls; onClose: () => void }): ReactNode {
  const act = async (): Promise<string> => {
    const removed = await calls.removeStale();
    return removed === 0 ? "No connection is stale." : `${removed} stale ${removed === 1 ? "connection was" : "connections were"} closed.`;
  };
  return (
    <Ask
      title="Close stale connections?"
      text="Connections that were not heard for longer than the heartbeat allows are closed. Their clients may come back."
      yes="Close them"
      act={act}
      onClose={onClose}
    />
  );
}
