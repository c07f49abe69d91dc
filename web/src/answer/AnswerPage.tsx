/** One question, for whoever has its link: what it is about, and what answers it. No login, and nothing else. */

import { useEffect, useMemo, useSyncExternalStore, type ReactNode } from "react";
import { createClient, type Client } from "@callboard/client";
import { CallboardContext } from "@callboard/client/react";
import { dropDraft } from "../forms/drafts";
import { openRequest } from "../forms/openRequest";
import { Question } from "../forms/Question";
import { titleOf } from "../forms/words";
import { Brand } from "../ui/Brand";
import { Icon } from "../ui/Icon";
import { Over } from "./Over";
import { useShared } from "./useShared";
import "./answer.css";

/** The token stands behind the address, where no server sees it; a reload of the tab needs it again. */
function tokenHere(): string {
  return location.hash.slice(1);
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
}

export default function AnswerPage(): ReactNode {
  const token = useSyncExternalStore(subscribe, tokenHere);
  const client = useMemo(() => createClient({ token }), [token]);
  useEffect(() => {
    document.title = "A question for you · Callboard";
  }, []);
  return (
    <CallboardContext.Provider value={client}>
      <div className="answer">
        <header className="answer-brand">
          <Brand />
          <span>Callboard</span>
        </header>
        <main id="main" className="answer-main">
          <h1 className="visually-hidden">A question for you</h1>
          {token === "" ? <Over why="incomplete" /> : <Asked key={token} client={client} />}
        </main>
      </div>
    </CallboardContext.Provider>
  );
}

function Asked({ client }: { client: Client }): ReactNode {
  const { request, over, given, isSending, errors, trouble, answer } = useShared(client);
  useEffect(() => {
    if (given !== null && request) dropDraft(request.request_id);
  }, [given, request]);
  if (given !== null) return <Over why="given" given={given} />;
  if (over !== null) return <Over why={over} />;
  if (!request) {
    return trouble === null ? (
      <p className="muted" role="status">
        Loading the question…
      </p>
    ) : (
      <Trouble text={`${trouble} Retrying…`} />
    );
  }
  // Where it comes from is a place on this server that only people who log in can open.
  const asked = openRequest(request, isSending, errors);
  const context = { title: titleOf(request), details: asked.context?.details };
  return (
    <>
      <p className="answer-why">You were asked for one answer. Nothing else of this server is open to you here.</p>
      <Question request={{ ...asked, context }} canSend onAnswer={(value) => void answer(value)} />
      {trouble !== null && <Trouble text={trouble} />}
    </>
  );
}

function Trouble({ text }: { text: string }): ReactNode {
  return (
    <p className="notice" data-tone="bad" role="alert">
      <Icon name="alert" />
      <span className="grow">{text}</span>
    </p>
  );
}
