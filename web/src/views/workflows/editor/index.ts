/** What the rest of the view may use of the editor. */

import { create } from "zustand";
import type { Catalogue, Json, Workflow } from "../model";

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
  /** Outlines nodes, such as those of a cycle; none by default. */
  outline: (nodeIds: readonly string[]) => void;
  /** Opens a workflow, asking first where changes would be lost. */
  open: (workflow: Workflow) => void;
  /** Saves what is open where it was changed; gives it as it is stored, or null where the person decided otherwise. */
  save: () => Promise<Workflow | null>;
}

export const useEditor = create<Editor>(() => ({
  workflow: { name: "Untitled", nodes: [], edges: [] },
  catalogue: null,
  isDirty: false,
  setInput: () => {},
  focusNode: () => {},
  outline: () => {},
  open: () => {},
  save: () => Promise.resolve(null),
}));
