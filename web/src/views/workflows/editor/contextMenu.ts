/** What the context menu offers: for nodes, for a link, and for the ground. */

import { useCallback, type MouseEvent } from "react";
import { useReactFlow } from "@xyflow/react";
import * as actions from "./actions";
import { select } from "./canvas";
import type { MenuItem } from "./Menu";
import { show, useOverlay } from "./overlay";
import type { FlowEdge, FlowNode } from "./pure/flow";
import type { Point } from "./pure/graph";
import { useEditor } from "./store";

/** The menu for what is selected. */
function forSelection(isOneNode: boolean, id: string | undefined): MenuItem[] {
  const { focusNode } = useEditor.getState();
  return [
    ...(id === undefined ? [] : [{ icon: "edit" as const, title: "Rename", keys: "r", run: () => useOverlay.setState({ titling: id }) }]),
    { icon: "copy", title: isOneNode ? "Duplicate" : "Duplicate selection", keys: "ctrl+d", run: actions.duplicateSelected },
    { icon: "save", title: "Copy", keys: "ctrl+c", run: actions.copyToClipboard },
    { icon: "group", title: "Group", keys: "ctrl+g", run: actions.groupSelected },
    ...(id !== undefined && isOneNode ? [{ icon: "search" as const, title: "Zoom to this node", run: () => focusNode(id) }] : []),
    { icon: "trash", title: isOneNode ? "Delete" : "Delete selection", keys: "Delete", run: actions.removeSelected },
  ];
}

function forEdge(edge: FlowEdge, at: Point): MenuItem[] {
  const { data } = edge;
  return [
    ...(data ? [{ icon: "plus" as const, title: "Insert a node here", run: () => show({ kind: "insert", at, origin: { kind: "link", edge: data.edge } }) }] : []),
    { icon: "trash", title: "Delete link", keys: "Delete", run: actions.removeSelected },
  ];
}

function forGround(at: Point): MenuItem[] {
  return [
    { icon: "plus", title: "Insert a node here", keys: "i", run: () => show({ kind: "insert", at, origin: { kind: "free" } }) },
    { icon: "note", title: "Add a note", keys: "m", run: () => actions.addNote(at) },
    { icon: "copy", title: "Paste", keys: "ctrl+v", run: () => void actions.pasteFromClipboard(at) },
    { icon: "frame", title: "Select all", keys: "ctrl+a", run: actions.selectAll },
    { icon: "arrange", title: "Arrange", keys: "l", run: actions.arrangeAll },
    { icon: "map", title: "Show everything", keys: "f", run: useEditor.getState().showAll },
  ];
}

/** The canvas's handlers that open it. */
export function useContextMenu() {
  const { screenToFlowPosition } = useReactFlow();
  const open = useCallback((event: MouseEvent | globalThis.MouseEvent, label: string, items: readonly MenuItem[]): void => {
    event.preventDefault();
    // By keyboard the event has no place of its own: then the menu opens at what has the focus.
    const box = event.clientX === 0 && event.clientY === 0 && event.target instanceof Element ? event.target.getBoundingClientRect() : null;
    show({ kind: "menu", label, items, at: box ? { x: box.x + box.width / 2, y: box.y + 24 } : { x: event.clientX, y: event.clientY } });
  }, []);
  const onNodeContextMenu = useCallback(
    (event: MouseEvent, node: FlowNode): void => {
      // A field's own menu, with paste and spelling, is worth more there.
      if (event.target instanceof Element && event.target.closest("input, textarea, select, a")) return;
      const { selected } = useEditor.getState();
      if (!selected.has(node.id)) select(new Set([node.id]));
      const isOne = useEditor.getState().selected.size === 1;
      open(event, "Node", forSelection(isOne, isOne && node.type !== "note" ? node.id : undefined));
    },
    [open],
  );
  const onSelectionContextMenu = useCallback((event: MouseEvent): void => open(event, "Selection", forSelection(false, undefined)), [open]);
  const onEdgeContextMenu = useCallback(
    (event: MouseEvent, edge: FlowEdge): void => {
      select(new Set([edge.id]));
      open(event, "Link", forEdge(edge, screenToFlowPosition({ x: event.clientX, y: event.clientY })));
    },
    [open, screenToFlowPosition],
  );
  const onPaneContextMenu = useCallback(
    (event: MouseEvent | globalThis.MouseEvent): void => open(event, "Canvas", forGround(screenToFlowPosition({ x: event.clientX, y: event.clientY }))),
    [open, screenToFlowPosition],
  );
  return { onNodeContextMenu, onSelectionContextMenu, onEdgeContextMenu, onPaneContextMenu };
}
