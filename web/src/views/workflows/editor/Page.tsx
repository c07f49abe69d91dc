/** The editor: it loads the workflow of the address, keeps what is not saved, and shows what others did to it. */

import { useEffect, useState, type ReactNode } from "react";
import { CallboardError } from "@callboard/client";
import { ReactFlowProvider } from "@xyflow/react";
import { guard, Link, navigate, ROOT } from "../../../shell/router";
import { setTitle } from "../../../shell/title";
import { Icon } from "../../../ui/Icon";
import { ago } from "../../../ui/time";
import { FaultPanel, Runs } from "../runtime";
import { loadWorkflow } from "./api";
import { author } from "./author";
import { Bar } from "./Bar";
import { Canvas } from "./Canvas";
import { useCatalogue } from "./catalogue";
import { Choices } from "./choices";
import { dropDraft, keepDraft, known, newDraftKey, readDraft } from "./drafts";
import { leave } from "./leaving";
import { Library } from "./Library";
import { hide, show, toggleRuns, useOverlay } from "./overlay";
import { Overlays } from "./Overlays";
import { reload } from "./save";
import { BLANK, useEditor } from "./store";
import { useEditorCommands } from "./useEditorCommands";
import "@xyflow/react/dist/base.css";

/** `id` is null for a workflow that was never saved; `draft` then names it in this browser. */
export function EditorPage({ id, draft }: { id: string | null; draft: string | null }): ReactNode {
  const key = id ?? draft;
  useEffect(() => {
    if (key === null) navigate(`${ROOT}/workflows/new?draft=${newDraftKey()}`, { replace: true, anyway: true });
  }, [key]);
  const [restored, setRestored] = useState<Restored | null>(null);
  const { trouble, again } = useWorkflow(id, key, setRestored);
  const isHere = useEditor((state) => state.key === key);
  useDraft();
  useGuard();
  useEffect(() => {
    hide();
    return hide;
  }, [key]);
  if (trouble) return <Trouble trouble={trouble} onAgain={again} />;
  if (!isHere) return <p className="loading">Loading the workflow…</p>;
  return (
    <ReactFlowProvider>
      <Open restored={restored} onSeen={() => setRestored(null)} />
    </ReactFlowProvider>
  );
}

function Open({ restored, onSeen }: { restored: Restored | null; onSeen: () => void }): ReactNode {
  const { error, again } = useCatalogue();
  const loads = useEditor((state) => state.loads);
  const isLibraryOpen = useOverlay((state) => state.isLibraryOpen);
  const isRunsOpen = useOverlay((state) => state.isRunsOpen);
  useEditorCommands();
  useTitle();
  return (
    <div className="wf-editor" data-library={isLibraryOpen || undefined}>
      <Bar />
      <div className="wf-notices">
        {error && (
          <div className="notice" data-tone="bad" role="alert">
            <Icon name="alert" />
            <span className="grow">The list of nodes could not be loaded. {error}</span>
            <button type="button" className="button small" onClick={again}>
              Try now
            </button>
          </div>
        )}
        {restored && <RestoredNotice restored={restored} onSeen={onSeen} />}
        <ElsewhereNotice />
      </div>
      <Library />
      <div className="wf-stage">
        <Canvas key={loads} />
        <EmptyHint />
      </div>
      <FaultPanel />
      {isRunsOpen && <Runs onClose={toggleRuns} />}
      <Overlays />
      <Choices />
    </div>
  );
}

interface Restored {
  at: number;
  /** The version that was changed, and the one that is stored now. */
  base: number | undefined;
  stored: number | undefined;
}

/** Loads the workflow of an address, with what was drawn and not saved. */
function useWorkflow(id: string | null, key: string | null, onRestored: (restored: Restored | null) => void): { trouble: string | null; again: () => void } {
  const [trouble, setTrouble] = useState<string | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    setTrouble(null);
    onRestored(null);
    if (key === null) return undefined;
    const { key: open, load } = useEditor.getState();
    if (open === key) {
      known.add(key);
      return undefined;
    }
    const draft = readDraft(key);
    const tell = (stored: number | undefined): void => {
      if (draft && !known.has(key)) onRestored({ at: draft.at, base: draft.workflow.version, stored });
      known.add(key);
    };
    if (id === null) {
      load(key, draft?.workflow ?? BLANK, draft ? null : BLANK);
      tell(undefined);
      return undefined;
    }
    const gone = new AbortController();
    loadWorkflow(id, gone.signal).then(
      (stored) => {
        load(key, draft?.workflow ?? stored, stored);
        tell(stored.version);
      },
      (error: unknown) => {
        if (gone.signal.aborted) return;
        if (error instanceof CallboardError && error.status === 404 && draft) {
          load(key, draft.workflow, null);
          tell(undefined);
        } else setTrouble(error instanceof CallboardError && error.status === 404 ? "unknown" : error instanceof Error ? error.message : String(error));
      },
    );
    return () => gone.abort();
  }, [id, key, turn, onRestored]);
  // What is left is loaded anew when one comes back.
  useEffect(() => () => useEditor.setState({ key: null }), []);
  return { trouble, again: () => setTurn(turn + 1) };
}

const KEEP_MS = 300;
type Kept = Pick<ReturnType<typeof useEditor.getState>, "key" | "workflow" | "isDirty">;

/** Keeps what is not saved in the browser, shortly after each change and when the page goes away. */
function useDraft(): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const keep = ({ key, workflow, isDirty }: Kept): void => {
      clearTimeout(timer);
      timer = undefined;
      if (key === null) return;
      if (isDirty) keepDraft(key, workflow);
      else dropDraft(key);
    };
    const flush = (): void => {
      if (timer !== undefined) keep(useEditor.getState());
    };
    const stop = useEditor.subscribe((now, before) => {
      if (now.key !== before.key) {
        if (timer !== undefined) keep(before);
        return;
      }
      if (now.workflow === before.workflow && now.isDirty === before.isDirty) return;
      clearTimeout(timer);
      timer = setTimeout(() => keep(useEditor.getState()), KEEP_MS);
    });
    window.addEventListener("pagehide", flush);
    return () => {
      flush();
      stop();
      window.removeEventListener("pagehide", flush);
    };
  }, []);
}

function useGuard(): void {
  useEffect(
    () =>
      guard((_, go) => {
        const { isDirty, key } = useEditor.getState();
        if (!isDirty || key === null) return true;
        leave(true, go);
        return false;
      }),
    [],
  );
}

function useTitle(): void {
  const name = useEditor((state) => state.workflow.name);
  const isDirty = useEditor((state) => state.isDirty);
  useEffect(() => setTitle(`${isDirty ? "● " : ""}${name}`), [name, isDirty]);
}

function RestoredNotice({ restored, onSeen }: { restored: Restored; onSeen: () => void }): ReactNode {
  const { at, base, stored } = restored;
  const discard = (): void => {
    const { key, saved, load } = useEditor.getState();
    if (key !== null) {
      load(key, saved ?? BLANK, saved ?? BLANK);
      dropDraft(key);
    }
    onSeen();
  };
  const isOld = base !== undefined && stored !== undefined && stored > base;
  return (
    <div className="notice" data-tone={isOld ? "warn" : "plain"} role="status" id="wf-restored">
      <Icon name="clock" />
      <span className="grow">
        Unsaved changes from {ago(Date.now() / 1000 - at)} were restored.
        {isOld && ` They are based on version ${base}; version ${stored} has been saved since.`}
      </span>
      <button type="button" className="button small" onClick={discard}>
        {stored === undefined ? "Discard" : `Discard and show version ${stored}`}
      </button>
      <button type="button" className="button small quiet" onClick={onSeen}>
        Keep
      </button>
    </div>
  );
}

function ElsewhereNotice(): ReactNode {
  const elsewhere = useEditor((state) => state.elsewhere);
  const isDirty = useEditor((state) => state.isDirty);
  const id = useEditor((state) => state.workflow.id);
  if (!elsewhere || id === undefined) return null;
  const isOwn = elsewhere.author === author();
  return (
    <div className="notice" data-tone="warn" role="status" id="wf-elsewhere">
      <Icon name="info" />
      <span className="grow">
        {isOwn ? "You have" : `${elsewhere.author ?? "Somebody"} has`} saved version {elsewhere.version}
        {isOwn && " in another tab"}.{isDirty && " Your changes here are not in it."}
      </span>
      <button type="button" className="button small" onClick={() => void reload(id)}>
        {isDirty ? "Discard mine and reload" : "Reload"}
      </button>
      <button type="button" className="button small quiet" onClick={() => useEditor.setState({ elsewhere: null })}>
        Keep mine
      </button>
    </div>
  );
}

function EmptyHint(): ReactNode {
  const isEmpty = useEditor(({ workflow }) => workflow.nodes.length === 0 && (workflow.notes ?? []).length === 0);
  if (!isEmpty) return null;
  return (
    <div className="wf-empty">
      <h2>This workflow is empty</h2>
      <p>Drag a node from the library, or double-click the canvas. Then drag from an output to an input to connect two nodes.</p>
      <div className="wf-empty-actions">
        <button type="button" className="button primary" onClick={() => show({ kind: "insert", at: { x: 0, y: 0 }, origin: { kind: "free" } })}>
          <Icon name="plus" />
          Insert a node
        </button>
        <Link className="button" to={`${ROOT}/workflows`}>
          See the examples
        </Link>
      </div>
    </div>
  );
}

function Trouble({ trouble, onAgain }: { trouble: string; onAgain: () => void }): ReactNode {
  return (
    <div className="empty" role="alert">
      <h1>{trouble === "unknown" ? "Workflow not found" : "The workflow could not be loaded"}</h1>
      <p>{trouble === "unknown" ? "It may have been deleted, or the link may be incomplete." : trouble}</p>
      {trouble !== "unknown" && (
        <button type="button" className="button primary" onClick={onAgain}>
          Try again
        </button>
      )}
      <Link className="button" to={`${ROOT}/workflows`}>
        All workflows
      </Link>
    </div>
  );
}
