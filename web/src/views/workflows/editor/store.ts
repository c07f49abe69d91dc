/** The workflow that is open in the editor: what it is, what was saved of it, and its steps of undo. */

import { temporal } from "zundo";
import { create } from "zustand";
import { navigate, ROOT } from "../../../shell/router";
import type { Catalogue, Json, Workflow } from "../model";
import { keepDraft, newDraftKey } from "./drafts";
import { leave } from "./leaving";
import { setInput } from "./pure/graph";
import { goesOn, type Last } from "./pure/steps";
import { save } from "./save";

/** The workflow that is open in the editor, and what can be done with it. */
export interface Editor {
  workflow: Workflow;
  catalogue: Catalogue | null;
  /** Whether there are changes that were not saved. */
  isDirty: boolean;
  /** Changes a constant; one step of undo, unless several follow each other on one input. */
  setInput: (nodeId: string, input: string, value: Json) => void;
  /** Scrolls the canvas to a node, and selects it. */
  focusNode: (nodeId: string) => void;
  /** Selects a node, and scrolls as little as is needed to have it in sight. */
  revealNode: (nodeId: string) => void;
  /** Shows the whole graph. */
  showAll: () => void;
  /** Outlines nodes, such as those of a cycle; none by default. */
  outline: (nodeIds: readonly string[]) => void;
  /** Opens a workflow, asking first where changes would be lost. */
  open: (workflow: Workflow) => void;
  /** Saves what is open where it was changed; gives it as it is stored, or null where the person decided otherwise. */
  save: () => Promise<Workflow | null>;
}

/** Somebody else has saved the workflow that is open here. */
export interface Elsewhere {
  version: number;
  author?: string | undefined;
}

interface EditorState extends Editor {
  /** What the draft in the browser is kept under: the workflow's id, or a name for one that was never saved. */
  key: string | null;
  /** Counts what was opened: what it shows begins anew with each. */
  loads: number;
  /** The parts as they were saved last. */
  saved: Workflow | null;
  isSaving: boolean;
  outlined: ReadonlySet<string>;
  /** What is chosen on the canvas: nodes, groups, notes and links. */
  selected: ReadonlySet<string>;
  /** A node that the canvas is to show; `turn` tells one wish from the next. */
  focused: { id: string; turn: number; isGentle: boolean } | null;
  /** Counts how often the whole graph was asked for. */
  overviews: number;
  elsewhere: Elsewhere | null;
  /** Shows a workflow; `saved` is null for one that exists in this browser only. */
  load: (key: string, workflow: Workflow, saved: Workflow | null) => void;
  /** Changes the workflow in one step of undo. Changes that follow each other and are `about` the same thing make one step. */
  change: (about: string | null, next: (workflow: Workflow) => Workflow) => void;
  /** Takes over what the server says of a workflow that was sent to it as `sent`. */
  stored: (sent: Workflow, answer: Workflow) => void;
  undo: () => void;
  redo: () => void;
}

export const BLANK: Workflow = { name: "Untitled", nodes: [], edges: [] };
const STEPS = 200;

/** What is drawn: undo brings it back, and a difference in it is what is not saved. */
const PARTS = ["name", "autostart", "nodes", "edges", "groups", "notes"] as const;
/** What the server says of it. */
const META = ["id", "version", "author", "created_at", "updated_at"] as const;

function isSame(one: Workflow | null, other: Workflow): boolean {
  return one !== null && PARTS.every((part) => one[part] === other[part]);
}

let last: Last | null = null;

export const useEditor = create<EditorState>()(
  temporal(
    (set, get) => ({
      workflow: BLANK,
      catalogue: null,
      isDirty: false,
      key: null,
      loads: 0,
      saved: BLANK,
      isSaving: false,
      outlined: new Set(),
      selected: new Set(),
      focused: null,
      overviews: 0,
      elsewhere: null,
      load: (key, workflow, saved) => {
        last = null;
        set({ key, workflow, saved, loads: get().loads + 1, isDirty: !isSame(saved, workflow), elsewhere: null, outlined: new Set(), selected: new Set(), focused: null, overviews: 0 });
        useEditor.temporal.getState().clear();
      },
      change: (about, next) => {
        const { workflow, saved, outlined } = get();
        const changed = next(workflow);
        if (changed === workflow) return;
        const now = Date.now();
        const { pause, resume } = useEditor.temporal.getState();
        if (goesOn(last, about, now)) pause();
        set({ workflow: changed, isDirty: !isSame(saved, changed), ...(outlined.size > 0 && { outlined: new Set() }) });
        resume();
        last = { about, at: now };
      },
      stored: (sent, answer) => {
        const meta = Object.fromEntries(META.map((name) => [name, answer[name]])) as Partial<Workflow>;
        const after = (workflow: Workflow): Pick<EditorState, "workflow" | "isDirty"> => ({ workflow: { ...workflow, ...meta }, isDirty: !isSame(sent, workflow) });
        const { pause, resume } = useEditor.temporal.getState();
        pause();
        set({ ...after(get().workflow), saved: sent, elsewhere: null, ...(answer.id !== undefined && { key: answer.id }) });
        resume();
        last = null;
        // Undo brings back what was drawn, never an older version number.
        const renewed = ({ pastStates, futureStates }: Steps): Steps => ({ pastStates: pastStates.map((one) => after(one.workflow)), futureStates: futureStates.map((one) => after(one.workflow)) });
        useEditor.temporal.setState((steps) => renewed(steps as Steps));
      },
      undo: () => {
        last = null;
        useEditor.temporal.getState().undo();
      },
      redo: () => {
        last = null;
        useEditor.temporal.getState().redo();
      },
      setInput: (nodeId, input, value) => get().change(`input ${nodeId} ${input}`, (workflow) => setInput(workflow, nodeId, input, value)),
      focusNode: (id) => set(({ focused }) => ({ focused: { id, turn: (focused?.turn ?? 0) + 1, isGentle: false }, selected: new Set([id]) })),
      revealNode: (id) => set(({ focused }) => ({ focused: { id, turn: (focused?.turn ?? 0) + 1, isGentle: true }, selected: new Set([id]) })),
      showAll: () => set(({ overviews }) => ({ overviews: overviews + 1 })),
      outline: (ids) => set({ outlined: new Set(ids) }),
      open: (workflow) => {
        const { key, isDirty } = get();
        if (workflow.id !== undefined && workflow.version !== undefined) {
          navigate(`${ROOT}/workflows/${encodeURIComponent(workflow.id)}`);
          return;
        }
        leave(isDirty && key !== null, () => {
          const fresh = newDraftKey();
          keepDraft(fresh, workflow);
          get().load(fresh, workflow, null);
          navigate(`${ROOT}/workflows/new?draft=${fresh}`, { anyway: true });
        });
      },
      save,
    }),
    {
      limit: STEPS,
      partialize: ({ workflow, isDirty }): Step => ({ workflow, isDirty }),
      equality: (one, other) => one.workflow === other.workflow,
    },
  ),
);

type Step = Pick<EditorState, "workflow" | "isDirty">;
interface Steps {
  pastStates: Step[];
  futureStates: Step[];
}
