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

/** The view that is least moved so that a box is in sight; null where it is already. */
export function revealed(box: Point & Size, before: View, stage: Stage): View | null {
  const { zoom } = before;
  const along = (start: number, length: number, from: number, room: number): number => {
    if (start >= from && start + length <= from + room) return 0;
    return length > room || start < from ? from - start : from + room - (start + length);
  };
  const [left, top] = [box.x * zoom + before.x, box.y * zoom + before.y];
  const x = along(left, box.width * zoom, MARGIN, stage.width - 2 * MARGIN);
  const y = along(top, box.height * zoom, MARGIN, stage.height - stage.covered - 2 * MARGIN);
  return x === 0 && y === 0 ? null : { x: before.x + x, y: before.y + y, zoom };
}

/** Below that a graph as a whole is a pattern, not a text. */
const SMALLEST_WHOLE = 0.22;
const START = { zoom: 0.62, margin: 76 };

/** Where a graph begins, if the view that shows all of it is too small to be read; else null. */
export function startOf(bounds: Point & Size, whole: Pick<View, "zoom">, stage: Stage): View | null {
  if (whole.zoom >= SMALLEST_WHOLE) return null;
  const { zoom, margin } = START;
  const free = stage.height - bounds.height * zoom;
  return { x: margin - bounds.x * zoom, y: Math.max(margin / 2, free / 2) - bounds.y * zoom, zoom };
}

/** Room between a whole graph and what lies beside it. */
const ROOM = 24;

/** The view that shows all of a graph, clear of the bars that lie over the stage. */
export function wholeOf(bounds: Point & Size, stage: Size, bars: readonly (Point & Size)[], largest = 1): View {
  const free = rooms({ x: 0, y: 0, ...stage }, bars).map((room) => {
    const [width, height] = [Math.max(40, room.width - 2 * ROOM), Math.max(40, room.height - 2 * ROOM)];
    return { room, zoom: Math.min(largest, width / Math.max(1, bounds.width), height / Math.max(1, bounds.height)) };
  });
  const best = free.reduce((one, other) => (other.zoom > one.zoom + 0.001 || (other.zoom > one.zoom - 0.001 && areaOf(other.room) > areaOf(one.room)) ? other : one));
  const { room, zoom } = best;
  return { x: room.x + (room.width - bounds.width * zoom) / 2 - bounds.x * zoom, y: room.y + (room.height - bounds.height * zoom) / 2 - bounds.y * zoom, zoom };
}

/** The parts of a stage that no bar covers: each bar takes either a strip at a side or one above or below. */
function rooms(stage: Point & Size, [bar, ...rest]: readonly (Point & Size)[]): (Point & Size)[] {
  if (!bar) return [stage];
  const [left, right] = [bar.x - stage.x, stage.x + stage.width - (bar.x + bar.width)];
  const [above, below] = [bar.y - stage.y, stage.y + stage.height - (bar.y + bar.height)];
  const beside = left > right ? { ...stage, width: left } : { ...stage, x: stage.x + stage.width - right, width: right };
  const over = above > below ? { ...stage, height: above } : { ...stage, y: stage.y + stage.height - below, height: below };
  return [beside, over].flatMap((part) => rooms(part, rest));
}

function areaOf({ width, height }: Size): number {
  return width * height;
}
