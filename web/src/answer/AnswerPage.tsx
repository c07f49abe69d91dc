/** One question, for whoever has its link: what it is about, and what answers it. No login, and nothing else. */

import { useEffect, useMemo, useSyncExternalStore, type ReactNode } from "react";
import { createClient, type Client, type RequestContext } from "@callboard/client";
import { CallboardContext } from "@callboard/client/react";
import { dropDraft } from "../forms/drafts";
import { Question } from "../forms/Question";
import { Brand } from "../ui/Brand";
import { Icon } from "../ui/Icon";
import { moment } from "../ui/time";
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
  const { question, over, given, isSending, errors, trouble, answer } = useShared(client);
  const id = question?.request.id;
  useEffect(() => {
    if (given !== null && id !== undefined) dropDraft(id);
  }, [given, id]);
  if (given !== null) return <Over why="given" given={given} />;
  if (over !== null) return <Over why={over} />;
  if (!question) {
    return trouble === null ? (
      <p className="muted" role="status">
        Loading the question…
      </p>
    ) : (
      <Trouble text={`${trouble} Retrying…`} />
    );
  }
  const { request, by, expiresAt } = question;
  return (
    <>
      <p className="answer-why">
        You were asked for one answer{nameIn(by)}.{expiresAt !== null && ` This link is good until ${moment(expiresAt)}.`}
      </p>
      <Question request={{ ...request, context: placeless(request.context), sending: isSending, errors }} canSend onAnswer={(value) => void answer(value)} />
      {trouble !== null && <Trouble text={trouble} />}
    </>
  );
}

/** `link:ada`; a link that was made for nobody has some digits in the place of a name, which say nothing to people. */
function nameIn(by: string): string {
  const name = by.replace(/^link:/, "");
  return name === "" || /^[0-9a-f]{8}$/.test(name) ? "" : `, as ${name}`;
}

/** What a question is about, without the places on this server that it comes from: only people who log in can open those. */
function placeless(context: RequestContext | null): RequestContext | null {
  if (!context) return null;
  const { title, source, details } = context;
  const place = source && "node_id" in source ? [source.workflow_name, source.node_title].filter(Boolean).join(" → ") : "";
  return { title: title ?? (place || undefined), details };
}

function Trouble({ text }: { text: string }): ReactNode {
  return (
    <p className="notice" data-tone="bad" role="alert">
      <Icon name="alert" />
      <span className="grow">{text}</span>
    </p>
  );
}
