/** Watches the workflow that is open in the editor: its socket, the run that is shown, what others do to it. */

import { useEffect, useRef } from "react";
import { type Client, type Connection, type SessionState, type WorkflowEvent, type WorkflowStore } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { useLinks } from "../../../shell/link";
import { useSearch } from "../../../shell/router";
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
  const search = useSearch();
  const [run, node] = [search.get("run"), search.get("node")];
  const wanted = useRef(run);
  wanted.current = run;
  // Back and forward, and links within the page.
  useEffect(() => {
    const { store } = useRuntime.getState();
    if (store && (store.getState().isChosen ? store.getState().run?.sessionId : null) !== run) store.choose(run);
  }, [run]);
  useEffect(() => {
    if (node !== null) useEditor.getState().focusNode(node);
  }, [node, id]);
  useEffect(() => {
    if (id === undefined) {
      useRuntime.setState({ store: null, refusal: null });
      return undefined;
    }
    const store = client.workflowStore(id, { clientId: editor.author() });
    useRuntime.setState({ store, refusal: null });
    if (wanted.current !== null) store.choose(wanted.current);
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

/** Follows the session of the run that is shown. The latest one is found again: after a reload, or in another tab, its states are here, too. */
function followRun(client: Client, store: WorkflowStore): () => void {
  const gone = new AbortController();
  let followed: string | null = null;
  let wasLive = false;
  let end = (): void => undefined;
  let reading = new AbortController();
  // What its nodes stood like before this page looked is in the journal.
  const read = (id: string): void => {
    reading.abort();
    reading = new AbortController();
    client.workflows.runStates(id, reading.signal).then(
      (states) => store.learn(id, { states }),
      // The session itself says what is wrong with it.
      () => undefined,
    );
  };
  const follow = (): void => {
    const { run, connection } = store.getState();
    const isLive = connection.phase === "live" || connection.phase === "stale";
    const isBack = isLive && !wasLive;
    wasLive = isLive || (wasLive && connection.phase === "connecting");
    if ((run?.sessionId ?? null) === followed) {
      if (followed !== null && isBack) read(followed);
      return;
    }
    followed = run?.sessionId ?? null;
    end();
    end = () => undefined;
    if (followed === null) return;
    const session = client.store(followed, { clientId: editor.author() });
    const hearSession = (): void => learn(store, session.getState());
    const forget = session.subscribe(hearSession);
    const close = session.open();
    end = () => {
      reading.abort();
      forget();
      close();
      useRuntime.setState({ runSession: null });
    };
    useRuntime.setState({ runSession: session });
    hearSession();
    read(followed);
  };
  const forgetStore = store.subscribe(follow);
  client.list({ task: "workflow", labels: { workflow: store.id }, limit: 1 }, gone.signal).then(
    ({ sessions: [latest] }) => {
      if (latest) store.found(latest.session_id);
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
    if (change === "removed") tell(`${whoHas(author)} deleted this workflow. You can save what is open here as a new one.`, "warn");
  }
  const isMine = author === editor.author();
  if (event.event === "continuous_started" && !isMine) tell(`${whoHas(author)} set this workflow live.`);
  if (event.event === "continuous_stopped" && !isMine) tell(author ? `${whoHas(author)} stopped this workflow.` : `The workflow is no longer live${reason ? `: ${reason}` : ""}.`, author ? "plain" : "warn");
  if (event.event === "execution_failed" && session === undefined) tell(`The workflow cannot continue${reason ? `: ${reason}` : ""}.`, "bad");
}
