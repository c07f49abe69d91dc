/** What stands on the canvas beside the nodes: frames round groups of them, and notes. */

import { memo, useState, type ReactNode } from "react";
import { NodeResizer, type NodeProps, type OnResizeEnd } from "@xyflow/react";
import { TitleField } from "./NodeCard";
import { useOverlay } from "./overlay";
import type { FrameNode, NoteNode } from "./pure/flow";
import { changeGroup, changeNote, rounded } from "./pure/graph";
import { useEditor } from "./store";

export const Frame = memo(function Frame({ id, data, selected }: NodeProps<FrameNode>): ReactNode {
  const isTitling = useOverlay((state) => state.titling === id);
  const { change } = useEditor.getState();
  const resized: OnResizeEnd = (_, { x, y, width, height }) =>
    change(null, (workflow) => changeGroup(workflow, id, { position: rounded({ x, y }), size: { width: Math.round(width), height: Math.round(height) } }));
  const titled = (title: string | null): void => {
    useOverlay.setState({ titling: null });
    if (title?.trim() && title !== data.group.title) change(null, (workflow) => changeGroup(workflow, id, { title: title.trim() }));
  };
  return (
    <section className="wf-frame" data-selected={selected || undefined} aria-label={`Group ${data.group.title}`}>
      <NodeResizer isVisible={selected} minWidth={160} minHeight={96} lineClassName="wf-resize-line" handleClassName="wf-resize-handle" onResizeEnd={resized} />
      <div className="wf-frame-title">
        {isTitling ? (
          <TitleField title={data.group.title} onDone={titled} />
        ) : (
          <h2 onDoubleClick={() => useOverlay.setState({ titling: id })} title="Drag to move the group, double-click to rename">
            {data.group.title}
          </h2>
        )}
      </div>
    </section>
  );
});

export const Note = memo(function Note({ id, data, selected }: NodeProps<NoteNode>): ReactNode {
  const { change } = useEditor.getState();
  const [isWriting, setWriting] = useState(data.note.text === "");
  const resized: OnResizeEnd = (_, { x, y, width, height }) =>
    change(null, (workflow) => changeNote(workflow, id, { position: rounded({ x, y }), size: { width: Math.round(width), height: Math.round(height) } }));
  return (
    <div className="wf-note" data-selected={selected || undefined} onDoubleClick={() => setWriting(true)}>
      <NodeResizer isVisible={selected} minWidth={120} minHeight={64} lineClassName="wf-resize-line" handleClassName="wf-resize-handle" onResizeEnd={resized} />
      {isWriting ? (
        <textarea
          className="nodrag nopan nowheel"
          aria-label="Text of the note"
          placeholder="What should be known here?"
          autoFocus
          value={data.note.text}
          onChange={(event) => change(`note ${id}`, (workflow) => changeNote(workflow, id, { text: event.target.value }))}
          onBlur={() => setWriting(false)}
          onKeyDown={(event) => {
            if (event.key === "Escape") event.currentTarget.blur();
            event.stopPropagation();
          }}
        />
      ) : (
        <p>{data.note.text || <span className="muted">Double-click to write</span>}</p>
      )}
    </div>
  );
});
