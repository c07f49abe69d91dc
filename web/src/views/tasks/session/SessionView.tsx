/** One session: what it waits for on top, then what it does and has done. */

import { useEffect, useRef, useState, type ReactNode } from "react";
import type { SessionDetail, SessionStore } from "@callboard/client";
import { useCallboard, useSelected, useSessionStore } from "@callboard/client/react";
import { useSessionLink } from "../../../shell/link";
import { Link, navigate } from "../../../shell/router";
import { tell } from "../../../shell/toasts";
import { count } from "../../../ui/time";
import { refreshBoard } from "../board";
import { paths } from "../paths";
import type { Filter } from "../query";
import { Conversation, type Jump } from "./conversation/Conversation";
import { Details } from "./Details";
import { Head } from "./Head";
import { Journal } from "./Journal";
import { OutcomeCard } from "./Outcome";
import { Questions } from "./Questions";
import { Tabs } from "./Tabs";
import { Timeline } from "./Timeline";
import { Trouble } from "./Trouble";
import { useChildren } from "./useChildren";

interface Props {
  id: string;
  tab: string;
  filter: Filter;
}

export function SessionView({ id, tab, filter }: Props): ReactNode {
  const store = useSessionStore(id);
  const connection = useSelected(store, (state) => state.connection);
  const detail = useDetail(store);
  const started = useChildren(store);
  const [jump, setJump] = useState<Jump | null>(null);
  useSessionLink(connection, store.reconnect);
  useNotices(store);
  const unknown = connection.phase === "stopped" && connection.code === 4504;
  if (unknown) return <Unknown id={id} filter={filter} />;
  const go = (next: string): void => navigate(paths.session(id, filter, next), { replace: true });
  const show = (at: number): void => {
    go("conversation");
    setJump((before) => ({ at, number: (before?.number ?? 0) + 1 }));
  };
  return (
    <article className="session" aria-label={`Session ${id.slice(0, 8)}`}>
      <Head store={store} detail={detail} filter={filter} />
      <Trouble store={store} />
      <Questions store={store} />
      <OutcomeCard store={store} />
      <ProgressBar store={store} />
      <Timeline store={store} onJump={show} />
      <Tabs
        current={tab}
        onChange={go}
        tabs={[
          {
            id: "conversation", title: "Conversation",
            panel: <Conversation store={store} name={`${detail?.task ?? "session"}-${id.slice(0, 8)}`} started={started} jump={jump} />,
          },
          { id: "journal", title: "Journal", panel: <Journal store={store} /> },
          { id: "details", title: "Details", panel: <Details detail={detail} id={id} /> },
        ]}
      />
    </article>
  );
}

/** All about the session over HTTP: what the socket does not say. Asked for again when its status changes. */
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
      <h1>There is no session {id.slice(0, 8)}</h1>
      <p>It may have been deleted, it may have ended so long ago that the server no longer keeps it, or the link is incomplete.</p>
      <Link className="button primary" to={paths.list(filter)}>
        Back to the list
      </Link>
    </div>
  );
}
