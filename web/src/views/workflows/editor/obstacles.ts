/** The nodes as boxes that links go round. They stand still while a node is dragged, so that only its own links move. */

import { create } from "zustand";
import { sizes, useCanvas } from "./canvas";
import { absolute } from "./pure/flow";
import type { Point } from "./pure/graph";
import type { Obstacle } from "./pure/route";

/** Above so many nodes, links are plain curves: looking for their ways would be felt. */
const MOST = 300;

export const useObstacles = create<{ boxes: readonly Obstacle[] }>(() => ({ boxes: [] }));

let frame = 0;

useCanvas.subscribe((now, before) => {
  if (now.nodes === before.nodes || frame !== 0) return;
  frame = requestAnimationFrame(() => {
    frame = 0;
    measure();
  });
});

function measure(): void {
  const { nodes } = useCanvas.getState();
  if (nodes.some(({ dragging, resizing }) => dragging === true || resizing === true)) return;
  const cards = nodes.filter(({ type }) => type === "card");
  const known = sizes();
  const places = cards.length > MOST ? new Map<string, Point>() : absolute(nodes, new Set(cards.map(({ id }) => id)));
  const boxes = [...places].flatMap(([id, at]): Obstacle[] => {
    const size = known.get(id);
    return size ? [{ id, ...at, ...size }] : [];
  });
  if (isSame(boxes, useObstacles.getState().boxes)) return;
  useObstacles.setState({ boxes });
}

function isSame(one: readonly Obstacle[], other: readonly Obstacle[]): boolean {
  return one.length === other.length && one.every((box, place) => {
    const known = other[place];
    return known?.id === box.id && known.x === box.x && known.y === box.y && known.width === box.width && known.height === box.height;
  });
}
