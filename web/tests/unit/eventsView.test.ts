import { describe, expect, test } from "vitest";
import type { Row, ServerEvent } from "@callboard/client";
import { brief, groupOf, isBad, isCustom, isPattern, PATTERNS } from "../../src/views/events/kinds";
import { filterOf, NO_FILTER, pathOf, patternsIn, wantsOf, wrongWith } from "../../src/views/events/query";
import { gapWords } from "../../src/views/events/Rows";
import { eventOf } from "../../src/views/events/SendDialog";
import { Finder } from "../../src/views/events/useTable";

const ID = "11111111-1111-4111-8111-111111111111";
const event = (type: string, data: Record<string, unknown> = {}): ServerEvent => ({ id: type, type, priority: "normal", timestamp: "", data, metadata: {} });

describe("types", () => {
  test("are known by their family", () => {
    expect(groupOf("execution.failed").id).toBe("execution");
    expect(groupOf("custom.a.b").id).toBe("custom");
    expect(groupOf("novel.thing").id).toBe("custom");
    expect(groupOf("nothing").id).toBe("custom");
    expect(PATTERNS).toHaveLength(11 + 34);
  });

  test.each(["*", "custom.*", "custom.orders.*", "custom.a-b_C.d", "queue.cleared"])("%s can be asked for", (text) => expect(isPattern(text)).toBe(true));
  test.each(["", "custom", "custom.", "custom..a", "custom.é", "nope.*", "execution", "execution.nope", ".*"])("%j cannot", (text) => expect(isPattern(text)).toBe(false));

  test("users may make up only those that begin with custom", () => {
    expect(isCustom("custom.orders.paid")).toBe(true);
    for (const type of ["custom", "custom.", "execution.started", `custom.${"x".repeat(200)}`, "custom.*"]) expect(isCustom(type)).toBe(false);
  });

  test("that tell of something bad are seen", () => {
    for (const type of ["execution.failed", "queue.task_failed", "system.error", "connection.lost"]) expect(isBad(type)).toBe(true);
    for (const type of ["execution.completed", "custom.unfailed", "system.startup"]) expect(isBad(type)).toBe(false);
  });

  test("an event in one line says first what matters", () => {
    expect(brief(event("execution.progress", { total: 8, done: 3, label: "reading" }))).toBe("3 of 8 · reading");
    expect(brief(event("execution.failed", { status: "failed", error: "It broke\nbadly", n: 1 }))).toBe("It broke badly · status failed · n 1");
    expect(brief(event("custom.a", { deep: { a: [1] } }))).toBe('deep {"a":[1]}');
    expect(brief(event("custom.b", { text: "x".repeat(900) })).length).toBeLessThan(210);
    expect(brief(event("custom.c"))).toBe("");
  });
});

describe("filters", () => {
  test("are read from an address as they are written there", () => {
    const filter = { types: ["execution.*", "custom.a"], priority: "high", execution: ID, crew: "news & views", agent: "é", find: "100 %" };
    const path = pathOf(filter);
    expect(filterOf(new URLSearchParams(path.split("?")[1]))).toEqual(filter);
    expect(path).toContain("type=execution.*,custom.a");
    expect(pathOf(NO_FILTER)).toBe("/app/events");
    expect(patternsIn(" a.b,,c.* a.b\n* ")).toEqual(["a.b", "c.*"]);
  });

  test("are checked before the server is asked", () => {
    expect(wantsOf({ ...NO_FILTER, types: ["queue.*"], priority: "low", find: "x" })).toEqual({ types: ["queue.*"] });
    expect(wantsOf({ ...NO_FILTER, priority: "critical", execution: ID.toUpperCase(), crew: "c", agent: "a" })).toEqual({ types: [], minPriority: "critical", executionId: ID, crewId: "c", agentId: "a" });
    for (const wrong of [{ types: ["x"] }, { priority: "urgent" }, { execution: "7" }, { crew: "é".repeat(65) }]) {
      expect(wantsOf({ ...NO_FILTER, ...wrong })).toBeNull();
      expect(wrongWith({ ...NO_FILTER, ...wrong })).not.toBe("");
    }
  });
});

describe("a search", () => {
  const rows = (from: number, to: number): Row[] =>
    Array.from({ length: to - from }, (_, place) => ({ kind: "event", key: `${from + place}`, at: 0, event: event(`custom.${(from + place) % 2 ? "odd" : "even"}`) }));

  test("finds the same as a new one would, whatever goes or comes at either end", () => {
    const finder = new Finder();
    let [from, to] = [0, 10];
    let renumbered = 0;
    for (const [less, more] of [[0, 5], [3, 0], [-4, 2], [0, 0], [30, 40], [1, 1], [-10, 0]] as const) {
      from += less;
      to += more;
      if (from >= to) to = from + 3;
      const table = { rows: rows(from, to), count: to - from, base: from, renumbered };
      finder.look(table, "odd");
      const fresh = new Finder();
      fresh.look(table, "odd");
      expect(finder.places).toEqual(fresh.places);
    }
    renumbered += 1;
    finder.look({ rows: rows(from, to), count: to - from, base: from, renumbered }, "even");
    expect(finder.places.every((number) => number % 2 === 0)).toBe(true);
  });

  test("knows how many of its rows went", () => {
    const finder = new Finder();
    finder.look({ rows: rows(0, 10), count: 10, base: 0, renumbered: 0 }, "odd");
    finder.look({ rows: rows(4, 12), count: 8, base: 4, renumbered: 0 }, "odd");
    expect([finder.top, finder.places]).toEqual([2, [5, 7, 9, 11]]);
    finder.look({ rows: rows(0, 12), count: 12, base: 0, renumbered: 0 }, "odd");
    expect(finder.top).toBe(0);
  });
});

describe("words", () => {
  test("a gap says how many, when and why", () => {
    const gap = { kind: "gap" as const, key: "g", count: 12, from: 0, to: 61_000, isReading: false };
    expect(gapWords({ ...gap, why: "too_old" }, false)).toMatch(/^12 events were missed between \d\d:\d\d:00 and \d\d:\d\d:01: the log/);
    expect(gapWords({ ...gap, why: "too_old", count: 1 }, true)).toMatch(/^Up to 1 event was missed/);
    expect(gapWords({ ...gap, why: "missing", count: null, from: null, to: null }, false)).toBe("Some events were missed. They could not be loaded from the log.");
    expect(gapWords({ ...gap, why: "missing", isReading: true }, false)).toMatch(/loading them/);
    expect(gapWords({ ...gap, why: "dropped", to: null }, true)).toMatch(/^12 events were dropped between .* and now/);
  });

  test("a form is an event, or says what is wrong with it", () => {
    const draft = { type: " custom.a ", priority: "low" as const, data: "", execution_id: "", crew_id: " c ", agent_id: "" };
    expect(eventOf(draft)).toEqual({ event: { type: "custom.a", priority: "low", data: {}, crew_id: "c" } });
    expect(eventOf({ ...draft, type: "execution.started", data: "[1]" })).toMatchObject({ faults: { type: expect.any(String), data: expect.stringMatching(/object/) } });
    expect(eventOf({ ...draft, data: "{" })).toMatchObject({ faults: { data: expect.stringMatching(/not JSON/) } });
  });
});
