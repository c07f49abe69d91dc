/** What the session is called, where it stands, and what can be done with it. */

import { useEffect, useState, type ReactNode } from "react";
import { CallboardError, hasEnded, isWaiting, type SessionDetail, type SessionStore } from "@callboard/client";
import { useCallboard, useSelected } from "@callboard/client/react";
import { useMay } from "../../../identity/may";
import { useCommands } from "../../../shell/commands";
import { Link, navigate } from "../../../shell/router";
import { setTitle } from "../../../shell/title";
import { copyText } from "../../../ui/clipboard";
import { Confirm } from "../../../ui/Confirm";
import { Icon } from "../../../ui/Icon";
import { statusWords, StatusBadge } from "../../../ui/Status";
import { useBoard } from "../board";
import { canvasPath } from "../../workflows/paths";
import { agentsPath, sessionPath, titleOf } from "../../../ui/names";
import { paths } from "../paths";
import { Elapsed } from "./Elapsed";
import type { Filter } from "../query";

interface Props {
  store: SessionStore;
  detail: SessionDetail | null;
  filter: Filter;
}

export function Head({ store, detail, filter }: Props): ReactNode {
  const status = useSelected(store, (state) => state.status);
  const cancelling = useSelected(store, (state) => state.cancelling);
  const attempt = useSelected(store, (state) => state.attempt);
  const known = useBoard((board) => board.rows?.find((row) => row.session_id === store.id));
  const [asks, setAsks] = useState(false);
  const row = detail ?? known;
  const title = row ? titleOf(row) : "Session";
  const isCancelling = cancelling || status === "cancelling";
  const shown = isCancelling && !hasEnded(status) ? "cancelling" : status;
  const canCancel = useMay("sessions:cancel") && status !== null && !hasEnded(status);
  const mayStart = useMay("sessions:start");
  const askToCancel = (): void => void (canCancel && !isCancelling && setAsks(true));
  const link = (): void => void copyText(`${location.origin}${sessionPath(store.id)}`, "Link");
  const agents = row ? agentsPath(row) : null;
  const again = paths.start(row?.task ?? null, filter);

  useEffect(() => setTitle(`${title} · ${statusWords(shown)}`), [title, shown]);
  useCommands(
    [
      { id: "cancel", title: "Cancel this session…", group: "Session", keys: "c", scope: "sessions:cancel", run: askToCancel },
      { id: "answer", title: "Go to the open question", group: "Session", keys: "a", run: () => document.querySelector<HTMLElement>(".question :is(input, textarea, select, button:not(:disabled))")?.focus() },
      { id: "link", title: "Copy the link", group: "Session", keys: "l", run: link },
      { id: "again", title: "Start another like this", group: "Session", keys: "r", scope: "sessions:start", run: () => navigate(again) },
    ],
    "session",
  );
  return (
    <header className="detail-head">
      <Link className="icon-button back" to={paths.list(filter)} aria-label="Back to the list">
        <Icon name="left" />
      </Link>
      <div className="session-name">
        <h1>{title}</h1>
        <p className="session-line">
          <StatusBadge status={shown} />
          {row && row.task !== title && <span className="muted">{row.task}</span>}
          {attempt > 1 && <span className="tag">attempt {attempt}</span>}
          {row && row.priority !== "normal" && <span className="tag">{row.priority}</span>}
          <Elapsed store={store} />
          <code title={store.id}>{store.id.slice(0, 8)}</code>
        </p>
      </div>
      <div className="session-actions">
        <button type="button" className="icon-button" onClick={link} aria-label="Copy the link to this session" title="Copy the link (l)">
          <Icon name="link" />
        </button>
        {row?.labels["workflow"] !== undefined && (
          <Link className="button" to={canvasPath(row.labels["workflow"], { run: store.id })} title="The graph, with this run's states and values">
            <Icon name="workflow" />
            Show on canvas
          </Link>
        )}
        {agents !== null && (
          <Link className="button" to={agents} title="Its agents: what each does, said and found">
            <Icon name="spark" />
            Show agents
          </Link>
        )}
        {canCancel && (
          <button type="button" className="button danger" id="cancel" onClick={askToCancel} disabled={isCancelling}>
            <Icon name="ban" />
            {isCancelling ? "Cancelling…" : "Cancel"}
          </button>
        )}
        {hasEnded(status) && mayStart && (
          <Link className="button" to={again}>
            <Icon name="retry" />
            Start another
          </Link>
        )}
      </div>
      {asks && canCancel && <AskToCancel store={store} title={title} isWaiting={isWaiting(status)} onClose={() => setAsks(false)} />}
    </header>
  );
}

function AskToCancel({ store, title, isWaiting: waits, onClose }: { store: SessionStore; title: string; isWaiting: boolean; onClose: () => void }): ReactNode {
  const client = useCallboard();
  const act = async (): Promise<string | null> => {
    try {
      await client.cancel(store.id);
    } catch (error) {
      if (error instanceof CallboardError && error.status === 404) return "This session is already gone.";
      throw error;
    }
    return null;
  };
  return (
    <Confirm title={`Cancel “${title}”?`} yes="Cancel it" busy="Cancelling…" no="Keep running" act={act} onClose={onClose}>
      <p>The task stops and cleans up{waits ? ", and its open question is withdrawn" : ""}. This cannot be undone.</p>
    </Confirm>
  );
}
