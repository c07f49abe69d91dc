// What of a graph is brought to sight, and in which order its nodes are read.
import { describe, expect, test } from "vitest";
import type { GraphNode } from "../../src/views/workflows/model";
import { reading } from "../../src/views/workflows/editor/pure/order";
import { canBeRead, startOf, viewOf } from "../../src/views/workflows/editor/pure/view";

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

  test("a graph that would be too small begins on the left", () => {
    expect(startOf({ x: 0, y: 0, width: 900, height: 400 }, { zoom: 0.9 }, wide)).toBe(null);
    const view = startOf({ x: 500, y: 0, width: 9000, height: 400 }, { zoom: 0.1 }, wide);
    expect(500 * (view?.zoom ?? 0) + (view?.x ?? 0)).toBeCloseTo(76);
  });
});
