/** What an empty server shows: three things to do, each of which moves something at once. */

import { useEffect, useState, type ReactNode } from "react";
import { CallboardError, type Client, type TaskInfo } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { useIdentified, useMay } from "../../identity/may";
import { navigate, ROOT } from "../../shell/router";
import { copyText } from "../../ui/clipboard";
import { Icon } from "../../ui/Icon";
import { kindWords } from "../../ui/names";
import { isOffered, needsForm } from "./kinds";
import { snippets } from "./snippets";
import "./welcome.css";

/** The task that the first card starts, and the example that the second one opens. */
const DEMONSTRATION = "long_running_task";
const LIVE_EXAMPLE = "signal-smoothing";

export function Welcome({ kinds }: { kinds: readonly TaskInfo[] | null }): ReactNode {
  const client = useCallboard();
  const [busy, setBusy] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const attempt = async (what: string, act: () => Promise<void>): Promise<void> => {
    if (busy !== null) return;
    setBusy(what);
    setError(null);
    try {
      await act();
    } catch (failed) {
      setError(failed instanceof CallboardError ? failed.message : String(failed));
    } finally {
      setBusy(null);
    }
  };
  const mayStart = useMay("sessions:start");
  const [mayWrite, mayGoLive] = [useMay("workflows:write"), useMay("workflows:live")];
  const others = mayStart ? (kinds ?? []).filter((kind) => isOffered(kind) && kind.name !== DEMONSTRATION) : [];
  return (
    <div className="welcome">
      <header>
        <h2>Welcome to Callboard</h2>
        <p>Tasks run here, and ask you when they need a decision. Pick one to see how.</p>
      </header>
      {error !== null && (
        <p className="notice" data-tone="bad" role="alert">
          <Icon name="alert" />
          <span className="grow">It could not be started. {error}</span>
        </p>
      )}
      <div className="welcome-cards">
        {mayStart && (
          <section className="card welcome-card" aria-labelledby="welcome-ask">
            <Icon name="hand" />
            <h3 id="welcome-ask">Watch a task ask you</h3>
            <p>It asks you for an email, fails once, offers a retry, and asks again before it sends.</p>
            <button type="button" className="button primary" disabled={busy !== null} onClick={() => void attempt("ask", () => start(client, DEMONSTRATION))}>
              <Icon name="play" />
              {busy === "ask" ? "Starting…" : "Start the task"}
            </button>
          </section>
        )}
        {mayWrite && mayGoLive && (
          <section className="card welcome-card" aria-labelledby="welcome-live">
            <Icon name="workflow" />
            <h3 id="welcome-live">Draw something live</h3>
            <p>A graph of nodes that smooths a noisy signal. Turn its knobs while it runs.</p>
            <button type="button" className="button primary" disabled={busy !== null} onClick={() => void attempt("live", () => goLive(client))}>
              <Icon name="play" />
              {busy === "live" ? "Opening…" : "Open it live"}
            </button>
          </section>
        )}
        <Connect />
      </div>
      {others.length > 0 && (
        <div className="welcome-kinds">
          <span>Or start one of these:</span>
          {others.map((kind) => (
            <button
              key={kind.name}
              type="button"
              className="button small"
              title={kind.description}
              disabled={busy !== null}
              onClick={() => (needsForm(kind) ? navigate(`${ROOT}/tasks/new/${encodeURIComponent(kind.name)}`) : void attempt(kind.name, () => start(client, kind.name)))}
            >
              <Icon name={needsForm(kind) ? "edit" : "play"} />
              {kindWords(kind.name)}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** Copyable lines, for the language that was chosen last. */
function Connect(): ReactNode {
  const { principal } = useIdentified();
  const all = snippets(location.origin, principal?.kind === "known");
  const [chosen, setChosen] = useState(recall);
  const snippet = all.find(({ id }) => id === chosen) ?? all[0];
  useEffect(() => remember(chosen), [chosen]);
  if (!snippet) return null;
  return (
    <section className="card welcome-card welcome-connect" aria-labelledby="welcome-connect">
      <Icon name="plug" />
      <h3 id="welcome-connect">Connect your program</h3>
      <p>Run this in a terminal. Its question appears here; your answer goes back to it.</p>
      <div className="welcome-languages" role="group" aria-label="Language">
        {all.map(({ id, title }) => (
          <button key={id} type="button" aria-pressed={id === snippet.id} onClick={() => setChosen(id)}>
            {title}
          </button>
        ))}
        <button type="button" className="icon-button" aria-label={`Copy the ${snippet.title} lines`} title="Copy" onClick={() => void copyText(snippet.code, "Code")}>
          <Icon name="copy" />
        </button>
      </div>
      <pre tabIndex={0} role="group" aria-label={`${snippet.title} lines`}>
        <code>{snippet.code}</code>
      </pre>
      <p className="muted welcome-needs">
        {snippet.needs} Any other program works, too: <a href="/docs">the whole API</a>.
      </p>
    </section>
  );
}

async function start(client: Client, task: string): Promise<void> {
  const { session_id: id } = await client.start(task, { idempotencyKey: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` });
  navigate(`${ROOT}/tasks/${id}`);
}

/** The canvas comes only where it is wanted: this page is the first that loads. */
async function goLive(client: Client): Promise<void> {
  const examples = await client.workflows.examples();
  const example = examples.find(({ id }) => id === LIVE_EXAMPLE) ?? examples[0];
  if (!example) return navigate(`${ROOT}/workflows`);
  const [{ openAndRun }, { copyOf }] = await Promise.all([import("../workflows/runtime/actions"), import("../workflows/runtime/copies")]);
  openAndRun(copyOf(example as Parameters<typeof copyOf>[0]), true);
}

const KEY = "callboard:language";

function recall(): string {
  try {
    return localStorage.getItem(KEY) ?? "shell";
  } catch {
    return "shell";
  }
}

function remember(id: string): void {
  try {
    localStorage.setItem(KEY, id);
  } catch {
    // Forbidden by the browser: then it is chosen anew next time.
  }
}
