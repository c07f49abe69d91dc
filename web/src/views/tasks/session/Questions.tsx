/** What the session waits for: every open question, each with its countdown. */

import { useEffect, useRef, type ReactNode } from "react";
import type { OpenRequest, SessionStore } from "@callboard/client";
import { useSelected } from "@callboard/client/react";
import { dropDraft } from "../../../forms/drafts";
import { Question } from "../../../forms/Question";

export function Questions({ store }: { store: SessionStore }): ReactNode {
  const requests = useSelected(store, (state) => state.requests);
  const canSend = useSelected(store, (state) => (state.connection.phase === "live" || state.connection.phase === "stale") && state.replay === null);
  const box = useRef<HTMLDivElement>(null);
  const answeredHere = useRef(false);
  const known = useRef<ReadonlySet<string>>(new Set());
  useEffect(() => {
    const open = new Set(requests.map(({ id }) => id));
    for (const id of known.current) if (!open.has(id)) dropDraft(id);
    known.current = open;
  }, [requests]);
  const first = requests[0]?.id;
  useEffect(() => {
    // Whoever has just answered goes on to the next question; nobody else's focus is taken.
    if (!first || !answeredHere.current) return;
    answeredHere.current = false;
    const panel = box.current?.querySelector<HTMLElement>(".question");
    (panel?.querySelector<HTMLElement>("input, textarea, select") ?? panel)?.focus();
  }, [first]);
  const answer = (request: OpenRequest, value: boolean | Record<string, unknown>): void => {
    if (store.answer(request.id, value)) answeredHere.current = true;
  };
  return (
    <div className="questions" ref={box} role="region" aria-label="Open questions" aria-live="polite" hidden={requests.length === 0}>
      {requests.map((request) => (
        <Question key={request.id} request={request} sessionId={store.id} canSend={canSend} onAnswer={(value) => answer(request, value)} />
      ))}
    </div>
  );
}
