/** The ways of links round the nodes that stand between their ends. */

import type { Point, Size } from "./graph";

export type Box = Point & Size;

/** A box with the node that it is, so that a link may begin and end in its own nodes. */
export interface Obstacle extends Box {
  id: string;
}

/** How far a link stays from a node, and how far it goes straight out of a port. */
const CLEAR = 18;
const OUT = 26;
const ROUND = 16;
/** So many points of a curve are looked at. */
const SAMPLES = 24;
/** A way that goes through a node is as bad as one that is that much longer. */
const THROUGH = 4000;

/** The points between which a link goes straight; null where the plain curve hits nothing. */
export function detour(from: Point, to: Point, obstacles: readonly Obstacle[], ends: readonly [string, string]): Point[] | null {
  const near = obstacles.filter((box) => isNear(box, from, to));
  const others = near.filter(({ id }) => !ends.includes(id));
  const isBack = to.x < from.x + 2 * OUT;
  const own = isBack ? near.filter(({ id }) => ends.includes(id)) : [];
  const hit = [...others, ...own].some((box) => curve(from, to).some((point) => isIn(point, box, box.id === ends[0] || box.id === ends[1] ? -6 : 4)));
  if (!hit) return null;
  const walls = [...others, ...near.filter(({ id }) => ends.includes(id))];
  const lanes = [...new Set(walls.flatMap((box) => [box.y - CLEAR, box.y + box.height + CLEAR]).concat([from.y, to.y, (from.y + to.y) / 2]))];
  const lefts = [from.x + OUT, ...walls.map((box) => box.x + box.width + CLEAR)].filter((x) => x >= from.x + CLEAR && x < from.x + 240);
  const rights = [to.x - OUT, ...walls.map((box) => box.x - CLEAR)].filter((x) => x <= to.x - CLEAR && x > to.x - 240);
  let best: { points: Point[]; cost: number } | null = null;
  for (const left of new Set(lefts)) {
    for (const right of new Set(rights)) {
      for (const y of lanes) {
        const points = [from, { x: left, y: from.y }, { x: left, y }, { x: right, y }, { x: right, y: to.y }, to];
        const cost = lengthOf(points) + THROUGH * crossings(points, others, own.length > 0 ? own : []);
        if (!best || cost < best.cost) best = { points, cost };
      }
    }
  }
  return best?.points ?? null;
}

/** The points as a path with round corners. */
export function rounded(points: readonly Point[]): string {
  const kept = points.filter((point, place) => place === 0 || !isSame(point, points[place - 1]));
  const [first, ...rest] = kept;
  if (!first) return "";
  const parts = [`M${at(first)}`];
  rest.forEach((corner, place) => {
    const before = kept[place] ?? first;
    const after = rest[place + 1];
    if (!after) return void parts.push(`L${at(corner)}`);
    const room = Math.min(ROUND, distance(before, corner) / 2, distance(corner, after) / 2);
    parts.push(`L${at(towards(corner, before, room))}Q${at(corner)} ${at(towards(corner, after, room))}`);
  });
  return parts.join("");
}

/** The middle of a way, for what is shown at it. */
export function middleOf(points: readonly Point[]): Point {
  let left = lengthOf(points) / 2;
  for (let place = 1; place < points.length; place += 1) {
    const [one, other] = [points[place - 1] as Point, points[place] as Point];
    const length = distance(one, other);
    if (length >= left && length > 0) return towards(one, other, left);
    left -= length;
  }
  return points[0] ?? { x: 0, y: 0 };
}

/** Points of the curve that React Flow draws between two ports. */
function curve(from: Point, to: Point): Point[] {
  const reach = to.x >= from.x ? 0.5 * (to.x - from.x) : 0.25 * 25 * Math.sqrt(from.x - to.x);
  const [one, other] = [from.x + reach, to.x - reach];
  return Array.from({ length: SAMPLES + 1 }, (_, step) => {
    const t = step / SAMPLES;
    const u = 1 - t;
    return {
      x: u ** 3 * from.x + 3 * u * u * t * one + 3 * u * t * t * other + t ** 3 * to.x,
      y: u ** 3 * from.y + 3 * u * u * t * from.y + 3 * u * t * t * to.y + t ** 3 * to.y,
    };
  });
}

function crossings(points: readonly Point[], others: readonly Box[], own: readonly Box[]): number {
  let number = 0;
  for (let place = 1; place < points.length; place += 1) {
    const [one, other] = [points[place - 1] as Point, points[place] as Point];
    number += others.filter((box) => crosses(one, other, box, 6)).length;
    // It leaves and enters its own nodes at their edges.
    if (place > 1 && place < points.length - 1) number += own.filter((box) => crosses(one, other, box, 2)).length;
  }
  return number;
}

/** Whether a horizontal or vertical line goes through a box with some room round it. */
function crosses(one: Point, other: Point, box: Box, room: number): boolean {
  return (
    Math.max(one.x, other.x) > box.x - room && Math.min(one.x, other.x) < box.x + box.width + room &&
    Math.max(one.y, other.y) > box.y - room && Math.min(one.y, other.y) < box.y + box.height + room
  );
}

function isIn({ x, y }: Point, box: Box, room: number): boolean {
  return x > box.x - room && x < box.x + box.width + room && y > box.y - room && y < box.y + box.height + room;
}

const NEAR = 320;

function isNear(box: Box, from: Point, to: Point): boolean {
  return (
    box.x < Math.max(from.x, to.x) + NEAR && box.x + box.width > Math.min(from.x, to.x) - NEAR &&
    box.y < Math.max(from.y, to.y) + NEAR && box.y + box.height > Math.min(from.y, to.y) - NEAR
  );
}

function lengthOf(points: readonly Point[]): number {
  return points.reduce((sum, point, place) => sum + (place === 0 ? 0 : distance(points[place - 1] as Point, point)), 0);
}

function distance(one: Point, other: Point): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}

function towards(from: Point, to: Point, by: number): Point {
  const whole = distance(from, to) || 1;
  return { x: from.x + ((to.x - from.x) * by) / whole, y: from.y + ((to.y - from.y) * by) / whole };
}

function isSame(one: Point, other: Point | undefined): boolean {
  return other !== undefined && one.x === other.x && one.y === other.y;
}

function at({ x, y }: Point): string {
  return `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
}
