/** One session: what it waits for on top, then what it does and has done. */

import { useEffect, useRef, useState, type ReactNode } from "react";
import { hasEnded, isWaiting, type SessionDetail, type SessionStore } from "@callboard/client";
import { useCallboard, useSelected, useSessionStore } from "@callboard/client/react";
import { useCommands } from "../../../shell/commands";
import { useSessionLink } from "../../../shell/link";
import { Link, navigate } from "../../../shell/router";
import { tell } from "../../../shell/toasts";
import { copyText } from "../../../ui/clipboard";
import { Icon } from "../../../ui/Icon";
import { statusWords, StatusBadge } from "../../../ui/Status";
import { count, span, useNow } from "../../../ui/time";
import { refreshBoard, useBoard } from "../board";
import { paths } from "../paths";
import type { Filter } from "../query";
import { Details } from "./Details";
import { Journal } from "./Journal";
import { OutcomeCard } from "./Outcome";
import { Questions } from "./Questions";
import { Stream } from "./Stream";
import { Tabs } from "./Tabs";
import { Timeline } from "./Timeline";

interface Props {
  id: string;
  tab: string;
  filter: Filter;
}

export function SessionView({ id, tab, filter }: Props): ReactNode {
  const store = useSessionStore(id);
  const connection = useSelected(store, (state) => state.connection);
  const detail = useDetail(store);
  useSessionLink(connection, store.reconnect);
  useNotices(store);
  const unknown = connection.phase === "stopped" && connection.code === 4504;
  if (unknown) return <Unknown id={id} filter={filter} />;
  return (
    <article className="session" aria-label={`Session ${id.slice(0, 8)}`}>
      <Head store={store} detail={detail} filter={filter} />
      <Trouble store={store} />
      <Questions store={store} />
      <OutcomeCard store={store} />
      <ProgressBar store={store} />
      <Timeline store={store} />
      <Tabs
        current={tab}
        onChange={(next) => navigate(paths.session(id, filter, next), { replace: true })}
        tabs={[
          { id: "output", title: "Output", panel: <Stream store={store} name={`${detail?.task ?? "session"}-${id.slice(0, 8)}`} /> },
          { id: "journal", title: "Journal", panel: <Journal store={store} /> },
          { id: "details", title: "Details", panel: <Details detail={detail} id={id} /> },
        ]}
      />
    </article>
  );
}

/** All about the session over HTTP: what the socket does not tell. Asked for again when its status changes. */
function useDetail(store: SessionStore): SessionDetail | null {
  const client = useCallboard();
  const status = useSelected(store, (state) => state.status);
  const [detail, setDetail] = useState<SessionDetail | null>(null);
  useEffect(() => {
    if (status === null) return undefined;
    const gone = new AbortController();
    // Without it the page lacks the name and the configuration only; the connection says what is wrong.
    client.describe(store.id, gone.signal).then(setDetail, () => undefined);
    refreshBoard();
    return () => gone.abort();
  }, [client, store, status]);
  return detail;
}

function useNotices(store: SessionStore): void {
  const notices = useSelected(store, (state) => state.notices);
  const last = useRef(0);
  useEffect(() => {
    for (const { number, text, tone } of notices) if (number > last.current) tell(text, tone);
    last.current = notices.at(-1)?.number ?? last.current;
  }, [notices]);
}

function Head({ store, detail, filter }: { store: SessionStore; detail: SessionDetail | null; filter: Filter }): ReactNode {
  const status = useSelected(store, (state) => state.status);
  const cancelling = useSelected(store, (state) => state.cancelling);
  const attempt = useSelected(store, (state) => state.attempt);
  const known = useBoard((board) => board.rows?.find((row) => row.session_id === store.id)?.task);
  const task = detail?.task ?? known ?? "Session";
  const shown = cancelling && !hasEnded(status) ? "cancelling" : status;
  const canCancel = status !== null && !hasEnded(status);
  const cancel = (): void => void (canCancel && !cancelling && store.cancel());
  const link = (): void => void copyText(`${location.origin}${paths.session(store.id, { status: "", task: "", label: "" })}`, "The link to this session is");

  useEffect(() => {
    document.title = `${isWaiting(status) ? "● " : ""}${task}: ${statusWords(shown)} · Callboard`;
    return () => {
      document.title = "Callboard";
    };
  }, [task, shown, status]);
  useCommands(
    [
      { id: "cancel", title: "Cancel this session", group: "Session", keys: "c", run: cancel },
      { id: "answer", title: "Go to the open question", group: "Session", keys: "a", run: () => document.querySelector<HTMLElement>(".question :is(input, textarea, select, button:not(:disabled))")?.focus() },
      { id: "link", title: "Copy the link to this session", group: "Session", keys: "l", run: link },
      { id: "again", title: "Start another one of this kind", group: "Session", keys: "r", run: () => navigate(paths.start(detail?.task ?? null, filter)) },
    ],
    "session",
  );

  return (
    <header className="detail-head">
      <Link className="icon-button back" to={paths.list(filter)} aria-label="Back to the list">
        <Icon name="left" />
      </Link>
      <div className="session-name">
        <h1>{task}</h1>
        <p className="session-line">
          <StatusBadge status={shown} />
          <code title={store.id}>{store.id.slice(0, 8)}</code>
          {attempt > 1 && <span className="tag">attempt {attempt}</span>}
          {detail && detail.priority !== "normal" && <span className="tag">{detail.priority}</span>}
          <Elapsed store={store} />
        </p>
      </div>
      <div className="session-actions">
        <button type="button" className="icon-button" onClick={link} aria-label="Copy the link to this session" title="Copy the link (l)">
          <Icon name="link" />
        </button>
        {canCancel && (
          <button type="button" className="button danger" id="cancel" onClick={cancel} disabled={cancelling || status === "cancelling"}>
            <Icon name="ban" />
            {cancelling || status === "cancelling" ? "Cancelling…" : "Cancel"}
          </button>
        )}
        {hasEnded(status) && (
          <Link className="button" to={paths.start(detail?.task ?? null, filter)}>
            <Icon name="retry" />
            Start another
          </Link>
        )}
      </div>
    </header>
  );
}

function Elapsed({ store }: { store: SessionStore }): ReactNode {
  const client = useCallboard();
  const first = useSelected(store, (state) => state.marks[0]?.at ?? null);
  const end = useSelected(store, (state) => state.outcome?.at ?? null);
  const now = useNow(1000, end === null) + client.clockSkew;
  if (first === null) return null;
  return <span className="muted elapsed">{end === null ? `for ${span(now - first)}` : `took ${span(end - first)}`}</span>;
}

function Trouble({ store }: { store: SessionStore }): ReactNode {
  const connection = useSelected(store, (state) => state.connection);
  const replay = useSelected(store, (state) => state.replay);
  const dropped = useSelected(store, (state) => state.dropped);
  const { phase, reason, transport } = connection;
  const away = phase === "reconnecting" || (phase === "connecting" && reason !== "");
  return (
    <>
      {(away || phase === "stopped" || phase === "stale") && (
        <div className="notice" id="trouble" data-tone={phase === "stopped" ? "bad" : "warn"} role="alert">
          <Icon name="alert" />
          <span className="grow">
            {phase === "stale" ? "The server has not answered for some seconds." : reason}{" "}
            {phase === "stopped" ? "It will not be tried again by itself." : "The page comes back by itself, from where it was. What you typed stays."}
          </span>
          {phase !== "stale" && (
            <button type="button" className="button small" onClick={store.reconnect}>
              Reconnect now
            </button>
          )}
        </div>
      )}
      {phase === "live" && transport === "events" && (
        <p className="notice" data-tone="plain">
          <Icon name="info" />
          <span className="grow">WebSockets do not get through to the server, so this page follows by server-sent events. Everything works.</span>
        </p>
      )}
      {replay && replay.count > 200 && (
        <p className="notice" id="replay" data-tone="plain" role="status">
          <Icon name="spin" className="spinning" />
          <span className="grow">
            Replaying {count(replay.count)} entries of the past: {count(replay.done)} are here.
          </span>
        </p>
      )}
      {dropped > 0 && <p className="notice" data-tone="plain">{count(dropped)} earlier entries are not shown.</p>}
    </>
  );
}

function ProgressBar({ store }: { store: SessionStore }): ReactNode {
  const progress = useSelected(store, (state) => state.progress);
  const ended = useSelected(store, (state) => state.outcome !== null);
  if (!progress || ended) return null;
  const { done, total, label } = progress;
  return (
    <div className="progress card">
      <progress id="progress" max={Math.max(1, total)} value={done} aria-label="Progress" />
      <p>
        <strong>
          {count(done)} of {count(total)}
        </strong>
        {total > 0 && <span className="muted"> · {Math.floor((done / total) * 100)} %</span>}
        {label && <span className="progress-label"> {label}</span>}
      </p>
    </div>
  );
}

function Unknown({ id, filter }: { id: string; filter: Filter }): ReactNode {
  return (
    <div className="empty" role="alert">
      <h1>The server knows no session {id.slice(0, 8)}</h1>
      <p>It may have been removed, kept for its time and then dropped, or the link may be cut off.</p>
      <Link className="button primary" to={paths.list(filter)}>
        Back to the list
      </Link>
    </div>
  );
}
