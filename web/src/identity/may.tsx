/** What whoever uses the page may do: what they may not is not offered. */

import { useSyncExternalStore, type ReactNode } from "react";
import type { Identified } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { allows, seesLists, type Scope } from "./scopes";

/** Who uses the page. */
export function useIdentified(): Identified {
  const { identity } = useCallboard();
  return useSyncExternalStore(identity.subscribe, identity.getState);
}

/** Whether they may do what needs this scope. Before it is known who they are, the server decides alone. */
export function useMay(scope: Scope): boolean {
  const { principal } = useIdentified();
  return principal === null || allows(principal, scope);
}

/** What is there only for those who may do what needs this scope. */
export function May({ scope, children }: { scope: Scope; children: ReactNode }): ReactNode {
  return useMay(scope) ? children : null;
}

/** Whether they are shown lists of sessions and the like. */
export function useSeesLists(): boolean {
  return seesLists(useIdentified().principal);
}
