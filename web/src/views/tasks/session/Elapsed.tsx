/** How long a session has gone on, or how long it took. */

import type { ReactNode } from "react";
import type { SessionStore } from "@callboard/client";
import { useCallboard, useSelected } from "@callboard/client/react";
import { span, useNow } from "../../../ui/time";

export function Elapsed({ store }: { store: SessionStore }): ReactNode {
  const client = useCallboard();
  const first = useSelected(store, (state) => state.marks[0]?.at ?? null);
  const end = useSelected(store, (state) => state.outcome?.at ?? null);
  const now = useNow(1000, end === null) + client.clockSkew;
  if (first === null) return null;
  return <span className="muted elapsed">{end === null ? `for ${span(now - first)}` : `took ${span(end - first)}`}</span>;
}
