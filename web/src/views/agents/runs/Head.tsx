/** What a session of agents is called, where it stands, and what can be done with it. */

import { useEffect, useState, type ReactNode } from "react";
import { hasEnded, type SessionStore } from "@callboard/client";
import { useCallboard, useSelected } from "@callboard/client/react";
import { useCommands } from "../../../shell/commands";
import { Link, navigate } from "../../../shell/router";
import { setTitle } from "../../../shell/title";
import { Confirm } from "../../../ui/Confirm";
import { Icon } from "../../../ui/Icon";
import { sessionPath } from "../../../ui/names";
import { statusWords, StatusBadge } from "../../../ui/Status";
import { Elapsed } from "../../tasks/session/Elapsed";

interface Props {
  store: SessionStore;
  title: string;
  /** What it is: an audit, a run. */
  what: string;
  back: { to: string; title: string };
  children?: ReactNode;
}

export function Head({ store, title, what, back, children }: Props): ReactNode {
  const client = useCallboard();
  const status = useSelected(store, (state) => state.status);
  const cancelling = useSelected(store, (state) => state.cancelling);
  const [asks, setAsks] = useState(false);
  const canCancel = status !== null && !hasEnded(status);
  const shown = cancelling && canCancel ? "cancelling" : status;
  useEffect(() => setTitle(`${title} · ${statusWords(shown)}`), [title, shown]);
  useCommands(
    [
      { id: "cancel", title: `Cancel this ${what}…`, group: "Agents", keys: "c", run: () => setAsks(canCancel) },
      { id: "back", title: back.title, group: "Agents", keys: "u", run: () => navigate(back.to) },
      { id: "answer", title: "Go to the open question", group: "Agents", keys: "a", run: () => document.querySelector<HTMLElement>(".question :is(input, textarea, select, button:not(:disabled))")?.focus() },
    ],
    `run ${what}`,
  );
  const cancel = async (): Promise<null> => {
    await client.cancel(store.id);
    return null;
  };
  return (
    <header className="agents-head">
      <Link className="icon-button" to={back.to} aria-label={back.title} title={`${back.title} (u)`}>
        <Icon name="left" />
      </Link>
      <div className="agents-title">
        <h1>{title}</h1>
        <p>
          <StatusBadge status={shown} />
          <Elapsed store={store} />
          <Link to={sessionPath(store.id)}>Session {store.id.slice(0, 8)}</Link>
        </p>
      </div>
      <div className="agents-actions">
        {children}
        {canCancel && (
          <button type="button" className="button danger" disabled={shown === "cancelling"} onClick={() => setAsks(true)}>
            <Icon name="ban" />
            {shown === "cancelling" ? "Cancelling…" : "Cancel"}
          </button>
        )}
      </div>
      {asks && canCancel && (
        <Confirm title={`Cancel “${title}”?`} yes="Cancel it" busy="Cancelling…" no="Keep running" act={cancel} onClose={() => setAsks(false)}>
          <p>Its agents stop where they are. What they have found and said so far stays. This cannot be undone.</p>
        </Confirm>
      )}
    </header>
  );
}
