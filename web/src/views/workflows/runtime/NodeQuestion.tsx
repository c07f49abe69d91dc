/** The question that a node waits with, answered where it stands. */

import { useEffect, useMemo, useRef, type ReactNode } from "react";
import type { OpenRequest, SessionStore } from "@callboard/client";
import { useCallboard, useSelected } from "@callboard/client/react";
import { dropDraft } from "../../../forms/drafts";
import { Question } from "../../../forms/Question";
import { tell } from "../../../shell/toasts";
import { author } from "../editor";
import type { GraphNode } from "../model";
import { nodeOfLane } from "./lanes";
import { useRuntime } from "./runtime";

/** In a live workflow each question is a session of its own; in a run once it is one of the run's, on the node's lane. */
export function NodeQuestion({ node, sessionId }: { node: GraphNode; sessionId: string | undefined }): ReactNode {
  const run = useRuntime(({ runSession }) => runSession);
  if (sessionId !== undefined) return <OwnSession key={sessionId} id={sessionId} node={node} />;
  if (run) return <Asked store={run} node={node} asker={node.id} />;
  return <p className="run-note">Loading the question…</p>;
}

function OwnSession({ id, node }: { id: string; node: GraphNode }): ReactNode {
  const client = useCallboard();
  const store = useMemo(() => client.store(id, { clientId: author() }), [client, id]);
  useEffect(() => store.open(), [store]);
  useNotices(store);
  return <Asked store={store} node={node} asker={null} />;
}

/** Says what the session says once, such as that somebody else was faster. */
function useNotices(store: SessionStore): void {
  const notices = useSelected(store, (state) => state.notices);
  const last = useRef(0);
  useEffect(() => {
    for (const { number, text, tone } of notices) if (number > last.current) tell(text, tone);
    last.current = notices.at(-1)?.number ?? last.current;
  }, [notices]);
}

function Asked({ store, node, asker }: { store: SessionStore; node: GraphNode; asker: string | null }): ReactNode {
  const all = useSelected(store, (state) => state.requests);
  const phase = useSelected(store, (state) => state.connection.phase);
  const isReplaying = useSelected(store, (state) => state.replay !== null);
  const reason = useSelected(store, (state) => state.connection.reason);
  const requests = asker === null ? all : all.filter((request) => nodeOfLane(request.lane) === asker);
  useDropped(requests);
  const isThere = phase === "live" || phase === "stale";
  if (requests.length === 0) {
    if (phase === "stopped") return <p className="run-note">The question cannot be shown: {reason}</p>;
    return <p className="run-note">Loading the question…</p>;
  }
  return (
    <div className="run-question nodrag nowheel nopan" role="group" aria-label={`Question from ${node.title || node.id}`}>
      {/* What a question is about stands round it here: a card has no room to say it again. */}
      {requests.map((request) => (
        <Question key={request.id} request={{ ...request, context: null }} canSend={isThere && !isReplaying} onAnswer={(value) => void store.answer(request.id, value)} />
      ))}
    </div>
  );
}

/** What was typed is forgotten once the question is over. */
function useDropped(requests: readonly OpenRequest[]): void {
  const known = useRef<readonly string[]>([]);
  useEffect(() => {
    const open = requests.map(({ id }) => id);
    for (const id of known.current) if (!open.includes(id)) dropDraft(id);
    known.current = open;
  }, [requests]);
}
