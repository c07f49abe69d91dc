/** What agents are called: runs and crews know their ids only. */

import { createContext, useContext, useMemo, type ReactNode } from "react";
import type { StoredAgent } from "@callboard/client";

const Names = createContext<(id: string) => string>((id) => id);

/** Gives what is within the names of the agents that are stored; an agent that is not keeps its id. */
export function AgentNames({ agents, children }: { agents: readonly StoredAgent[] | null; children: ReactNode }): ReactNode {
  const nameOf = useMemo(() => {
    const names = new Map(agents?.map(({ id, name }) => [id, name]));
    return (id: string): string => names.get(id) || id;
  }, [agents]);
  return <Names.Provider value={nameOf}>{children}</Names.Provider>;
}

/** Gives an agent's name by its id. */
export function useAgentName(): (id: string) => string {
  return useContext(Names);
}
