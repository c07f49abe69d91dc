/** The bar above the canvas: the workflow's name and how it is saved, what changes it, and what runs it. */

import { useCallback, useEffect, useState, type ReactNode } from "react";
import { useStore } from "zustand";
import { May } from "../../../identity/may";
import { Link, ROOT } from "../../../shell/router";
import { Icon } from "../../../ui/Icon";
import { FaultMark, RunControls } from "../runtime";
import { arrangeAll, chooseFile, duplicateSelected, exportFile, groupSelected } from "./actions";
import { Menu, type MenuItem } from "./Menu";
import { show, toggleLibrary, toggleRuns, useOverlay } from "./overlay";
import { saveCopy } from "./save";
import { useEditor } from "./store";

export function Bar(): ReactNode {
  const isLibraryOpen = useOverlay((state) => state.isLibraryOpen);
  const isRunsOpen = useOverlay((state) => state.isRunsOpen);
  return (
    <header className="wf-bar">
      <Link className="icon-button" to={`${ROOT}/workflows`} aria-label="All workflows" title="All workflows (u)">
        <Icon name="left" />
      </Link>
      <Name />
      <div className="wf-bar-tools" role="toolbar" aria-label="Edit">
        <button type="button" className="icon-button" aria-label="Node library" aria-pressed={isLibraryOpen} title="Node library (b)" onClick={toggleLibrary}>
          <Icon name="library" />
        </button>
        <Steps />
        <More />
        <May scope="workflows:write">
          <Save />
        </May>
      </div>
      <div className="wf-bar-run">
        <RunControls />
        <button type="button" className="button wf-runs-button" aria-pressed={isRunsOpen} title="Runs of this workflow (v)" onClick={toggleRuns}>
          <Icon name="queue" />
          <span>Runs</span>
        </button>
      </div>
    </header>
  );
}

function Name(): ReactNode {
  const name = useEditor((state) => state.workflow.name);
  const version = useEditor((state) => state.workflow.version);
  const isDirty = useEditor((state) => state.isDirty);
  const change = useEditor((state) => state.change);
  const [written, setWritten] = useState(name);
  useEffect(() => setWritten(name), [name]);
  const take = (): void => {
    const clean = written.trim();
    if (clean === "") setWritten(name);
    else if (clean !== name) change(null, (workflow) => ({ ...workflow, name: clean }));
  };
  return (
    <div className="wf-name">
      <h1 className="visually-hidden">{name}</h1>
      <input
        type="text"
        aria-label="Name of the workflow"
        value={written}
        maxLength={200}
        spellCheck={false}
        onChange={(event) => setWritten(event.target.value)}
        onBlur={take}
        onKeyDown={(event) => {
          if (event.key === "Enter") event.currentTarget.blur();
          if (event.key === "Escape") setWritten(name);
        }}
      />
      <span className="wf-saved" data-dirty={isDirty || undefined}>
        <span className="wf-saved-dot" aria-hidden="true" />
        <span role="status">{version === undefined ? (isDirty ? "Not saved yet" : "New") : isDirty ? "Unsaved changes" : `Saved · version ${version}`}</span>
        <FaultMark />
      </span>
    </div>
  );
}

function Steps(): ReactNode {
  const past = useStore(useEditor.temporal, (state) => state.pastStates.length);
  const future = useStore(useEditor.temporal, (state) => state.futureStates.length);
  const { undo, redo } = useEditor.getState();
  return (
    <>
      <button type="button" className="icon-button" aria-label="Undo" title="Undo (Ctrl Z)" disabled={past === 0} onClick={undo}>
        <Icon name="undo" />
      </button>
      <button type="button" className="icon-button" aria-label="Redo" title="Redo (Ctrl Shift Z)" disabled={future === 0} onClick={redo}>
        <Icon name="redo" />
      </button>
    </>
  );
}

function Save(): ReactNode {
  const isDirty = useEditor((state) => state.isDirty);
  const isSaving = useEditor((state) => state.isSaving);
  const isNew = useEditor((state) => state.workflow.version === undefined);
  const save = useEditor((state) => state.save);
  return (
    <button type="button" className="button wf-save" title="Save (Ctrl S)" disabled={isSaving || (!isDirty && !isNew)} onClick={() => void save()}>
      <Icon name="save" />
      <span>{isSaving ? "Saving…" : "Save"}</span>
    </button>
  );
}

/** What is wanted now and then. */
function More(): ReactNode {
  const [isOpen, setOpen] = useState(false);
  const close = useCallback(() => setOpen(false), []);
  return (
    <div className="wf-more">
      <button type="button" className="icon-button" aria-label="More" aria-haspopup="menu" aria-expanded={isOpen} title="More" onClick={() => setOpen(!isOpen)}>
        <Icon name="more" />
      </button>
      {isOpen && <Menu label="More" items={MORE} onClose={close} />}
    </div>
  );
}

const MORE: readonly MenuItem[] = [
  { icon: "frame", title: "Show everything", keys: "f", run: () => useEditor.getState().showAll() },
  { icon: "arrange", title: "Arrange", keys: "l", run: arrangeAll },
  { icon: "group", title: "Group selection", keys: "ctrl+g", run: groupSelected },
  { icon: "copy", title: "Duplicate selection", keys: "ctrl+d", run: duplicateSelected },
  { icon: "save", title: "Save as a copy", run: () => void saveCopy() },
  { icon: "download", title: "Export as a file", run: exportFile },
  { icon: "upload", title: "Import a file", run: chooseFile },
  { icon: "person", title: "Your name", run: () => show({ kind: "author" }) },
  { icon: "help", title: "Canvas guide", keys: "h", run: () => show({ kind: "legend" }) },
];
