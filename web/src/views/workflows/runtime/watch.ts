/** Watches the workflow that is open in the editor: its socket, the run that is shown, what others do to it. */

import { useEffect } from "react";
import { hasEnded, type Client, type Connection, type SessionState, type WorkflowEvent, type WorkflowStore } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { useLinks } from "../../../shell/link";
import { tell } from "../../../shell/toasts";
import * as editor from "../editor";
import { useEditor } from "../editor";
import { whoHas } from "./identity";
import { nodeOfLane } from "./lanes";
import { tellEvent, useRuntime } from "./runtime";

/** Keeps the runtime with what is open, while the component is there. */
export function useWatch(): void {
  const client = useCallboard();
  const id = useEditor(({ workflow }) => (workflow.version === undefined ? undefined : workflow.id));
  useEffect(() => {
    if (id === undefined) {
      useRuntime.setState({ store: null, refusal: null });
      return undefined;
    }
    const store = client.workflowStore(id, { clientId: editor.author() });
    useRuntime.setState({ store, refusal: null });
    const ends = [store.open(), store.onEvent((event) => hear(event)), store.subscribe(() => showLink(store.getState().connection, store.reconnect)), followRun(client, store)];
    return () => {
      for (const end of ends) end();
      useLinks.setState({ session: null });
      useRuntime.setState({ store: null });
    };
  }, [client, id]);
}

function showLink({ phase, roundTrip, until, reason }: Connection, retry: () => void): void {
  const { session } = useLinks.getState();
  if (session?.phase === phase && session.roundTrip === roundTrip && session.until === until) return;
  useLinks.setState({ session: { phase, roundTrip, until, reason, retry } });
}

/** Follows the session of the run that is shown, and finds the latest one: after a reload, or in another tab, it goes on here. */
function followRun(client: Client, store: WorkflowStore): () => void {
  const gone = new AbortController();
  let followed: string | null = null;
  let end = (): void => undefined;
  const follow = (): void => {
    const { run } = store.getState();
    if (!run || run.sessionId === followed) return;
    followed = run.sessionId;
    end();
    const session = client.store(run.sessionId, { clientId: editor.author() });
    const hearSession = (): void => learn(store, session.getState());
    const forget = session.subscribe(hearSession);
    const close = session.open();
    end = () => {
      forget();
      close();
      useRuntime.setState({ runSession: null });
    };
    useRuntime.setState({ runSession: session });
    hearSession();
  };
  const forgetStore = store.subscribe(follow);
  client.list({ task: "workflow", labels: { workflow: store.id }, limit: 1 }, gone.signal).then(
    ({ sessions: [latest] }) => {
      if (latest && !hasEnded(latest.status) && !store.getState().run) store.runs(latest.session_id);
    },
    // The connection says what is wrong with the server; an old run is not missed.
    () => undefined,
  );
  return () => {
    gone.abort();
    forgetStore();
    end();
  };
}

function learn(store: WorkflowStore, session: SessionState): void {
  const { requests, outcome, id } = session;
  const outputs = outcome?.kind === "completed" ? outputsOf(outcome.values) : null;
  store.learn(id, { waiting: requests.map(({ lane }) => nodeOfLane(lane)).filter((node) => node !== null), outputs });
  if (outcome?.kind === "completed") store.ended(id, "completed", null);
  else if (outcome) store.ended(id, "failed", outcome.kind === "cancelled" ? `Cancelled${outcome.text ? `: ${outcome.text}` : ""}` : outcome.text);
}

function outputsOf(values: unknown): Record<string, Record<string, unknown>> | null {
  const outputs = (values as { outputs?: unknown } | null)?.outputs;
  return outputs !== null && typeof outputs === "object" ? (outputs as Record<string, Record<string, unknown>>) : null;
}

function hear(event: WorkflowEvent): void {
  tellEvent(event);
  const { author, workflow_id: id, change, version, node_id: node, input_name: input, input_value: value, reason, session_id: session } = event.data;
  if (event.event === "workflow_updated") {
    if (change === "saved" && version !== undefined) editor.changedElsewhere(id, { version, author });
    if (change === "input" && node !== undefined && input !== undefined) editor.inputChangedElsewhere(id, node, input, value);
    if (change === "removed") tell(`${whoHas(author)} removed this workflow. What is open here can be saved as a new one.`, "warn");
  }
  const isMine = author === editor.author();
  if (event.event === "continuous_started" && !isMine) tell(`${whoHas(author)} started it: it is live.`);
  if (event.event === "continuous_stopped" && !isMine) tell(author ? `${whoHas(author)} stopped it.` : `It is not live any more${reason ? `: ${reason}` : ""}.`, author ? "plain" : "warn");
  if (event.event === "execution_failed" && session === undefined) tell(`It cannot go on as it is${reason ? `: ${reason}` : ""}.`, "bad");
}
