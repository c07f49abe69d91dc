/** What can be done in the editor, for shortcuts, palette and help; and the clipboard's own events. */

import { useEffect } from "react";
import { useCommands, type Command } from "../../../shell/commands";
import { navigate, ROOT } from "../../../shell/router";
import * as actions from "./actions";
import { isGround, useMiddle } from "./Canvas";
import { show, toggleLibrary, toggleRuns, useOverlay } from "./overlay";
import { saveCopy } from "./save";
import { useEditor } from "./store";

export function useEditorCommands(): void {
  const middle = useMiddle();
  const { undo, redo, save, showAll } = useEditor.getState();
  const insert = (): void => show({ kind: "insert", at: actions.nextPlace(middle()), origin: { kind: "free" } });
  const edit = (id: string, title: string, keys: string, run: () => void, more: Partial<Command> = {}): Command => ({ id: `wf-${id}`, title, group: "Workflow", keys, run, ...more });
  useCommands(
    [
      edit("save", "Save", "ctrl+s", () => void save(), { scope: "workflows:write" }),
      edit("insert", "Insert a node", "i", insert, { words: "add new" }),
      edit("connect", "Connect an output to an input", "c", () => show({ kind: "connect" }), { words: "connect edge" }),
      edit("find", "Go to a node", "/", () => show({ kind: "find" }), { words: "search find" }),
      edit("title", "Rename the selected node or group", "r", titleSelected),
      edit("delete", "Delete selection", "delete", actions.removeSelected, { leavesTyping: true }),
      edit("backspace", "Delete selection", "backspace", actions.removeSelected, { leavesTyping: true, hidden: true }),
      edit("undo", "Undo", "ctrl+z", undo, { leavesTyping: true }),
      edit("redo", "Redo", "ctrl+shift+z", redo, { leavesTyping: true }),
      edit("redo-too", "Redo", "ctrl+y", redo, { leavesTyping: true, hidden: true }),
      edit("all", "Select all", "ctrl+a", actions.selectAll, { leavesTyping: true }),
      edit("duplicate", "Duplicate selection", "ctrl+d", actions.duplicateSelected, { leavesTyping: true }),
      edit("group", "Group selection", "ctrl+g", actions.groupSelected, { words: "frame" }),
      edit("note", "Add a note", "m", () => actions.addNote(middle())),
      edit("arrange", "Arrange", "l", actions.arrangeAll, { words: "layout" }),
      edit("fit", "Show everything", "f", showAll, { words: "fit view zoom" }),
      edit("library", "Show or hide the node library", "b", toggleLibrary, { words: "palette nodes" }),
      edit("runs", "Show or hide the runs", "v", toggleRuns, { words: "history sessions" }),
      edit("legend", "Canvas guide", "h", () => show({ kind: "legend" }), { words: "legend help types colours" }),
      edit("gallery", "All workflows", "u", () => navigate(`${ROOT}/workflows`)),
      { id: "wf-copy", title: "Copy selection", group: "Workflow", run: actions.copyToClipboard },
      { id: "wf-paste", title: "Paste nodes or a workflow", group: "Workflow", run: () => void actions.pasteFromClipboard(middle()) },
      { id: "wf-copy-save", title: "Save as a copy", group: "Workflow", scope: "workflows:write", run: () => void saveCopy() },
      { id: "wf-export", title: "Export the workflow as a file", group: "Workflow", words: "download json", run: actions.exportFile },
      { id: "wf-import", title: "Import a workflow from a file", group: "Workflow", words: "upload json open", run: actions.chooseFile },
      { id: "wf-author", title: "Set your name", group: "Workflow", words: "name author", run: () => show({ kind: "author" }) },
    ],
    "workflow editor",
  );
  useClipboard(middle);
  useTabOnGround(insert);
}

function titleSelected(): void {
  const [id] = useEditor.getState().selected;
  if (id !== undefined) useOverlay.setState({ titling: id });
}

function isElsewhere(target: EventTarget | null): boolean {
  if (document.querySelector("dialog[open]")) return true;
  return target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName));
}

/** Copies and pastes by the browser's own events, which need no permission. */
function useClipboard(middle: () => { x: number; y: number }): void {
  useEffect(() => {
    const copy = (event: ClipboardEvent): boolean => {
      // Text that is marked on the page is what the reader means.
      if (isElsewhere(event.target) || String(getSelection()) !== "") return false;
      const text = actions.copySelected();
      if (text === null) return false;
      event.clipboardData?.setData("text/plain", text);
      event.preventDefault();
      return true;
    };
    const cut = (event: ClipboardEvent): void => {
      if (copy(event)) actions.removeSelected();
    };
    const paste = (event: ClipboardEvent): void => {
      if (isElsewhere(event.target)) return;
      const [file] = event.clipboardData?.files ?? [];
      if (file) void actions.importFile(file);
      else if (!actions.pasteText(event.clipboardData?.getData("text/plain") ?? "", middle())) return;
      event.preventDefault();
    };
    document.addEventListener("copy", copy);
    document.addEventListener("cut", cut);
    document.addEventListener("paste", paste);
    return () => {
      document.removeEventListener("copy", copy);
      document.removeEventListener("cut", cut);
      document.removeEventListener("paste", paste);
    };
  }, [middle]);
}

/** Whether the focus is on no control: a click on the ground leaves it with the page, or with its main part. */
function isNothing(focused: Element | null): boolean {
  return focused === null || focused === document.body || focused.matches("main");
}

/** Tab inserts right after the ground was clicked, when it would otherwise begin at the top of the page. */
function useTabOnGround(insert: () => void): void {
  useEffect(() => {
    let onGround = false;
    const press = (event: PointerEvent): void => {
      onGround = isGround(event.target);
    };
    const hear = (event: KeyboardEvent): void => {
      if (event.key !== "Tab" || event.shiftKey || !onGround || !isNothing(document.activeElement)) return;
      event.preventDefault();
      insert();
    };
    document.addEventListener("pointerdown", press);
    document.addEventListener("keydown", hear);
    return () => {
      document.removeEventListener("pointerdown", press);
      document.removeEventListener("keydown", hear);
    };
  });
}
