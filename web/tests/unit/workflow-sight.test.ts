// What of a graph is brought to sight, and in which order its nodes are read.
import { describe, expect, test } from "vitest";
import type { GraphNode } from "../../src/views/workflows/model";
import { reading } from "../../src/views/workflows/editor/pure/order";
import { detour, middleOf, rounded } from "../../src/views/workflows/editor/pure/route";
import { canBeRead, revealed, startOf, viewOf, wholeOf } from "../../src/views/workflows/editor/pure/view";

describe("what is in sight", () => {
  const at = (id: string, x: number, y = 0): GraphNode => ({ id, type: "Math", inputs: {}, position: { x, y } });
  const link = (source: string, target: string) => ({ source, source_output: "result", target, target_input: "a" });

  test("nodes are read along their links, then from left to right; a cycle comes last", () => {
    const nodes = [at("late", 0), at("b", 400, 50), at("a", 400), at("first", 800), at("x", -100), at("y", -50)];
    const edges = [link("first", "late"), link("x", "y"), link("y", "x"), link("gone", "a")];
    expect(reading({ nodes, edges })).toEqual(["a", "b", "first", "late", "x", "y"]);
    expect(reading({ nodes: [], edges: [] })).toEqual([]);
  });

  const wide = { width: 1100, height: 780, covered: 0 };
  const phone = { width: 375, height: 520, covered: 60 };

  test("a node is shown in the middle, large enough to be read", () => {
    const box = { x: 2000, y: 300, width: 268, height: 400 };
    for (const [stage, zoom] of [[wide, 0.3], [wide, 2], [phone, 0.1], [phone, 1]] as const) {
      const view = viewOf(box, { zoom }, stage, false);
      expect(view.zoom).toBeGreaterThanOrEqual(0.7);
      expect(canBeRead(box, view, stage)).toBe(true);
      expect((box.x + box.width / 2) * view.zoom + view.x).toBeCloseTo(stage.width / 2);
    }
    expect(canBeRead(box, { x: 0, y: 0, zoom: 1 }, wide)).toBe(false);
    expect(canBeRead({ ...box, x: 0, y: 0 }, { x: 0, y: 0, zoom: 0.5 }, wide)).toBe(false);
  });

  test("of a node that is too high its question is shown, or else its beginning", () => {
    const box = { x: 0, y: 0, width: 268, height: 2000 };
    const beginning = viewOf(box, { zoom: 1 }, phone, false);
    expect(beginning.y).toBeGreaterThan(0);
    const end = viewOf(box, { zoom: 1 }, phone, true);
    expect(box.height * end.zoom + end.y).toBeLessThan(phone.height - phone.covered);
    expect(box.height * end.zoom + end.y).toBeGreaterThan(phone.height / 2);
  });

  test("a whole graph stays clear of the bars that lie over the stage", () => {
    const [tools, map] = [{ x: 15, y: 580, width: 40, height: 180 }, { x: 920, y: 650, width: 162, height: 114 }];
    for (const bounds of [{ x: -50, y: 20, width: 2400, height: 500 }, { x: 0, y: 0, width: 900, height: 2000 }, { x: 10, y: 10, width: 300, height: 200 }, { x: 0, y: 0, width: 1400, height: 1000 }]) {
      const { x, y, zoom } = wholeOf(bounds, wide, [tools, map]);
      const seen = { x: bounds.x * zoom + x, y: bounds.y * zoom + y, width: bounds.width * zoom, height: bounds.height * zoom };
      expect(seen.x).toBeGreaterThanOrEqual(0);
      expect(seen.y).toBeGreaterThanOrEqual(0);
      expect(seen.x + seen.width).toBeLessThanOrEqual(wide.width);
      expect(seen.y + seen.height).toBeLessThanOrEqual(wide.height);
      for (const bar of [tools, map]) expect(seen.x < bar.x + bar.width && seen.x + seen.width > bar.x && seen.y < bar.y + bar.height && seen.y + seen.height > bar.y).toBe(false);
    }
    expect(wholeOf({ x: 0, y: 0, width: 100, height: 100 }, wide, []).zoom).toBe(1);
  });

  test("what is in sight stays where it is, and what is not comes in by the shortest way", () => {
    const box = { x: 100, y: 100, width: 268, height: 180 };
    expect(revealed(box, { x: 0, y: 0, zoom: 1 }, wide)).toBe(null);
    expect(revealed({ ...box, x: 1000 }, { x: 0, y: 5, zoom: 1 }, wide)).toEqual({ x: -186, y: 5, zoom: 1 });
    expect(revealed({ ...box, y: -300 }, { x: 0, y: 0, zoom: 1 }, wide)).toEqual({ x: 0, y: 318, zoom: 1 });
  });

  test("a link goes round the nodes between its ends, and straight where none is", () => {
    const between = { id: "between", x: 400, y: 0, width: 268, height: 200 };
    expect(detour({ x: 268, y: 100 }, { x: 800, y: 100 }, [{ ...between, y: 400 }], ["a", "b"])).toBe(null);
    const way = detour({ x: 268, y: 100 }, { x: 800, y: 100 }, [between], ["a", "b"]) ?? [];
    expect(way[0]).toEqual({ x: 268, y: 100 });
    expect(way.at(-1)).toEqual({ x: 800, y: 100 });
    for (let place = 1; place < way.length; place += 1) {
      const [one, other] = [way[place - 1], way[place]] as [{ x: number; y: number }, { x: number; y: number }];
      const touches = Math.max(one.x, other.x) > between.x && Math.min(one.x, other.x) < between.x + between.width && Math.max(one.y, other.y) > between.y && Math.min(one.y, other.y) < between.y + between.height;
      expect(touches).toBe(false);
    }
    expect(rounded(way)).toMatch(/^M268 100L.*Q.*L800 100$/);
    expect(middleOf([{ x: 0, y: 0 }, { x: 100, y: 0 }, { x: 100, y: 100 }])).toEqual({ x: 100, y: 0 });
  });

  test("a graph that would be too small begins on the left", () => {
    expect(startOf({ x: 0, y: 0, width: 900, height: 400 }, { zoom: 0.9 }, wide)).toBe(null);
    const view = startOf({ x: 500, y: 0, width: 9000, height: 400 }, { zoom: 0.1 }, wide);
    expect(500 * (view?.zoom ?? 0) + (view?.x ?? 0)).toBeCloseTo(76);
  });
});
