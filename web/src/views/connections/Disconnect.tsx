/** Closing connections, after a question: one of them, or all that have been silent for too long. */

import type { ReactNode } from "react";
import { CallboardError, type AdminCalls } from "@callboard/client";
import { Confirm } from "../../ui/Confirm";
import { refreshList } from "./store";

async function andRefresh(act: () => Promise<string>): Promise<string> {
  try {
    return await act();
  } finally {
    refreshList();
  }
}

export function Disconnect({ calls, id, onClose }: { calls: AdminCalls; id: string; onClose: () => void }): ReactNode {
  const act = async (): Promise<string> => {
    try {
      await calls.disconnect(id);
    } catch (error) {
      if (error instanceof CallboardError && error.status === 404) return `${id} is already gone.`;
      throw error;
    }
    return `${id} was disconnected.`;
  };
  return (
    <Confirm title={`Disconnect ${id}?`} yes="Disconnect" busy="Disconnecting…" no="Keep it connected" act={() => andRefresh(act)} onClose={onClose}>
      <p>Its socket is closed with code 4509, after which a client does not reconnect on its own. The tasks that it started keep running.</p>
    </Confirm>
  );
}

export function RemoveStale({ calls, onClose }: { calls: AdminCalls; onClose: () => void }): ReactNode {
  const act = async (): Promise<string> => {
    const removed = await calls.removeStale();
    return removed === 0 ? "No connection is stale." : `${removed} stale ${removed === 1 ? "connection was" : "connections were"} closed.`;
  };
  return (
    <Confirm title="Close stale connections?" yes="Close them" busy="Closing…" no="Keep them" act={() => andRefresh(act)} onClose={onClose}>
      <p>Connections that have been silent for longer than the heartbeat allows are closed. Their clients may reconnect.</p>
    </Confirm>
  );
}
