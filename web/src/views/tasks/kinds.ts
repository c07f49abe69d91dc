/** The task kinds, asked for once and again after a failure. */

import { useEffect } from "react";
import { create } from "zustand";
import { CallboardError, type Client, type TaskInfo } from "@callboard/client";

interface Kinds {
  kinds: readonly TaskInfo[] | null;
  error: string | null;
}

export const useKinds = create<Kinds>(() => ({ kinds: null, error: null }));

export async function loadKinds(client: Client): Promise<void> {
  try {
    useKinds.setState({ kinds: await client.tasks(), error: null });
  } catch (error) {
    useKinds.setState({ error: error instanceof CallboardError ? error.message : "The task kinds could not be loaded." });
  }
}

export function useLoadedKinds(client: Client): Kinds {
  const state = useKinds();
  useEffect(() => {
    if (useKinds.getState().kinds === null) void loadKinds(client);
  }, [client]);
  return state;
}
