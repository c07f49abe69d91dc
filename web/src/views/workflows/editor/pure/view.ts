/** What part of the canvas is to be seen, so that a node in it can be read. */

import type { Point, Size } from "./graph";

/** Below that nobody reads what stands on a node. */
const READABLE = 0.7;
const LARGEST = 1.1;
/** Between a node and the edge of what is seen, in pixels of the screen. */
const MARGIN = 18;
/** Below that the stage is a phone's: a node takes its width. */
const NARROW = 700;

/** Where the canvas stands: what is at its origin, and how large. */
export interface View extends Point {
  zoom: number;
}

/** What of the stage lies under bars, in pixels from its bottom. */
export interface Stage extends Size {
  covered: number;
}

export function isNarrow({ width }: Pick<Size, "width">): boolean {
  return width > 0 && width < NARROW;
}

/** Whether a box is in sight as a whole, and large enough to be read. */
export function canBeRead(box: Point & Size, { x, y, zoom }: View, stage: Stage): boolean {
  if (zoom < READABLE) return false;
  const [left, top] = [box.x * zoom + x, box.y * zoom + y];
  return left >= 0 && top >= 0 && left + box.width * zoom <= stage.width && top + box.height * zoom <= stage.height - stage.covered;
}

/** The view that shows a box in the middle. Of one that is too high the end is shown where `isEnd`, else its beginning. */
export function viewOf(box: Point & Size, before: Pick<View, "zoom">, stage: Stage, isEnd: boolean): View {
  const wanted = isNarrow(stage) ? (stage.width - 2 * MARGIN) / box.width : before.zoom;
  const zoom = Math.min(isNarrow(stage) ? 1 : LARGEST, Math.max(READABLE, wanted));
  const height = stage.height - stage.covered;
  const free = height - box.height * zoom;
  const top = free >= 2 * MARGIN ? free / 2 : isEnd ? free - MARGIN : MARGIN;
  return { x: (stage.width - box.width * zoom) / 2 - box.x * zoom, y: top - box.y * zoom, zoom };
}

/** Below that a graph as a whole is a pattern, not a text. */
const SMALLEST_WHOLE = 0.45;
const START = { zoom: 0.62, margin: 76 };

/** Where a graph begins, if the view that shows all of it is too small to be read; else null. */
export function startOf(bounds: Point & Size, whole: Pick<View, "zoom">, stage: Stage): View | null {
  if (whole.zoom >= SMALLEST_WHOLE) return null;
  const { zoom, margin } = START;
  const free = stage.height - bounds.height * zoom;
  return { x: margin - bounds.x * zoom, y: Math.max(margin / 2, free / 2) - bounds.y * zoom, zoom };
}
