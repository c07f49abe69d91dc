/** The bar above the canvas: the workflow's name and how it is saved, what changes it, and what runs it. */

import { useEffect, useRef, useState, type ReactNode } from "react";
import { useStore } from "zustand";
import { Link, ROOT } from "../../../shell/router";
import { Icon, type IconName } from "../../../ui/Icon";
import { FaultMark, RunControls } from "../runtime";
import { arrangeAll, chooseFile, duplicateSelected, exportFile, groupSelected } from "./actions";
import { show, toggleLibrary, useOverlay } from "./overlay";
import { saveCopy } from "./save";
import { useEditor } from "./store";

export function Bar(): ReactNode {
  const isLibraryOpen = useOverlay((state) => state.isLibraryOpen);
  return (
    <header className="wf-bar">
      <Link className="icon-button" to={`${ROOT}/workflows`} aria-label="All workflows" title="All workflows (u)">
        <Icon name="left" />
      </Link>
      <Name />
      <div className="wf-bar-tools" role="toolbar" aria-label="Edit">
        <button type="button" className="icon-button" aria-label="Nodes to add" aria-pressed={isLibraryOpen} title="Nodes to add (b)" onClick={toggleLibrary}>
          <Icon name="library" />
        </button>
        <Steps />
        <More />
        <Save />
      </div>
      <div className="wf-bar-run">
        <RunControls />
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
        <span role="status">{version === undefined ? (isDirty ? "Not saved yet" : "New") : isDirty ? `Changed since version ${version}` : `Version ${version}, saved`}</span>
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
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOpen) return undefined;
    box.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const away = (event: Event): void => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [isOpen]);
  const items: readonly [IconName, string, () => void][] = [
    ["arrange", "Arrange the nodes", arrangeAll],
    ["group", "Group what is chosen", groupSelected],
    ["copy", "Double what is chosen", duplicateSelected],
    ["save", "Save as a copy", () => void saveCopy()],
    ["download", "Export as a file", exportFile],
    ["upload", "Import a file", chooseFile],
    ["edit", "Your name", () => show({ kind: "author" })],
    ["help", "How to read and draw", () => show({ kind: "legend" })],
  ];
  return (
    <div
      className="wf-more"
      ref={box}
      onKeyDown={(event) => {
        if (!isOpen) return;
        const all = [...(box.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
        const at = all.indexOf(document.activeElement as HTMLElement);
        if (event.key === "ArrowDown") all[(at + 1) % all.length]?.focus();
        else if (event.key === "ArrowUp") all[(at - 1 + all.length) % all.length]?.focus();
        else if (event.key === "Escape") {
          setOpen(false);
          box.current?.querySelector<HTMLElement>("button")?.focus();
        } else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      <button type="button" className="icon-button" aria-label="More" aria-haspopup="menu" aria-expanded={isOpen} title="More" onClick={() => setOpen(!isOpen)}>
        <Icon name="more" />
      </button>
      {isOpen && (
        <div className="wf-menu" role="menu" aria-label="More">
          {items.map(([icon, title, run]) => (
            <button
              key={title}
              type="button"
              role="menuitem"
              tabIndex={-1}
              onClick={() => {
                setOpen(false);
                run();
              }}
            >
              <Icon name={icon} />
              {title}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
