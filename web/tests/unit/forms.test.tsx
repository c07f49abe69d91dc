// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, test, vi } from "vitest";
import { FieldControl } from "../../src/forms/FieldControl";
import { hint, initial, initials, read, readAll, type FormField } from "../../src/forms/fields";
import { atOffset, localMoment } from "../../src/forms/moments";
import { formOf } from "../../src/forms/schema";
import { fit } from "../../src/shell/Palette";
import { allCommands, listenForKeys, useCommandStore } from "../../src/shell/commands";
import { ago, span } from "../../src/ui/time";
import { countOf, filterOf, listOf, NO_FILTER, queryOf } from "../../src/views/tasks/query";
import { cut, plain } from "../../src/views/tasks/session/conversation/Line";
import { stretches, ticks } from "../../src/views/tasks/session/stretches";
import { resultWords } from "../../src/views/tasks/facts";
import { faultsByField, readLabels } from "../../src/views/tasks/start/read";

const field = (type: FormField["type"], more: Partial<FormField> = {}): FormField => ({ name: "f", description: "F", type, value: null, required: true, ...more });

afterEach(cleanup);

describe("a field's value", () => {
  const choices = ["a", 2, { c: 3 }];
  test.each<[string, FormField, string | boolean | number[], unknown]>([
    ["text", field("string"), "x", "x"],
    ["required text left empty is sent, for the server to judge", field("string"), "", ""],
    ["optional text left empty is left out", field("string", { required: false }), "", undefined],
    ["whole number", field("integer"), "4", 4],
    ["number left empty", field("number"), " ", undefined],
    ["tick", field("boolean"), true, true],
    ["choice", field("select", { choices }), "2", { c: 3 }],
    ["no choice", field("select", { choices }), "", undefined],
    ["several choices", field("multiselect", { choices }), [0, 1], ["a", 2]],
    ["JSON", field("json"), '{"a": [1]}', { a: [1] }],
    ["what is as it began, where that is left out", field("integer", { value: 5, ofSchema: { takesNull: false } }), "5", undefined],
    ["what is changed from how it began", field("integer", { value: 5, ofSchema: { takesNull: false } }), "6", 6],
    ["whole number beyond 2^53", field("integer"), "9007199254740993", 9007199254740993n],
    ["second of two choices that are one number to JavaScript", field("select", { choices: [9007199254740992n, 9007199254740993n] }), "1", 9007199254740993n],
  ])("%s", (_, one, raw, value) => {
    expect(read(one, raw)).toEqual({ value });
  });

  test.each<[FormField, string]>([[field("number"), "x"], [field("json"), "{"], [field("datetime"), "x"]])("%o that cannot be sent is told", (one, raw) => {
    expect(read(one, raw)).toHaveProperty("error");
  });

  test.each<[string, FormField, unknown]>([
    ["a number", field("integer", { value: 3 }), null],
    ["an optional number", field("number", { value: 3, required: false }), null],
    ["a text", field("string", { value: "x", required: false }), ""],
    ["a choice", field("select", { choices, value: 2 }), null],
    ["a moment", field("datetime", { value: "2026-06-01T13:45:00Z" }), null],
    ["a text of a schema", field("string", { value: "x", ofSchema: { takesNull: false } }), ""],
    ["a number of a schema that takes null", field("integer", { value: 3, ofSchema: { takesNull: true } }), null],
  ])("%s that was cleared is empty, and does not get its default back", (_, one, value) => {
    expect(read(one, "")).toEqual({ value });
  });

  test("a number of a schema that takes no null cannot be cleared", () => {
    expect(read(field("integer", { value: 3, ofSchema: { takesNull: false } }), "")).toEqual({ error: "This cannot be empty; it is 3 where it is not set." });
  });

  test("what was not touched is sent as the task wrote it", () => {
    for (const value of ["2026-10-25T02:30:00+01:00", "2026-10-25T02:30:00.123456+02:00", "2026-06-01T13:45", "2016-12-31T23:59:60Z"]) {
      const one = field("datetime", { value });
      expect(initial(one)).not.toBe("");
      expect(read(one, initial(one))).toEqual({ value });
    }
    const large = field("integer", { value: 9007199254740993n });
    expect(initial(large)).toBe("9007199254740993");
    expect(read(large, "9007199254740993")).toEqual({ value: 9007199254740993n });
  });

  test("a moment is sent with the offset that holds here, or as a local time where the task has one", () => {
    const at = new Date("2026-11-20T19:30:05Z");
    const local = localMoment(at.toISOString());
    const sent = read(field("datetime"), local) as { value: string };
    expect(sent.value).toBe(atOffset(local, at));
    expect(new Date(sent.value)).toEqual(at);
    expect(sent.value).toMatch(/^[\d-]+T[\d:]{8}[+-]\d\d:\d\d$/);
    expect(read(field("datetime", { value: "2026-06-01T13:45" }), "2026-06-02T08:00")).toEqual({ value: "2026-06-02T08:00" });
    expect(read(field("datetime", { min: "2026-06-01T13:45" }), "2026-06-02T08:00")).toEqual({ value: "2026-06-02T08:00" });
  });

  test.each(["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "a.b", "0"])("a field may be called %s", (name) => {
    const fields = [field("string", { name }), field("number", { name: "other" })];
    expect(initials(fields)[name]).toBe("");
    expect(initials([])[name]).toBeUndefined();
    const { values, errors } = readAll(fields, initials(fields));
    expect(errors[name]).toBeUndefined();
    expect(Object.entries(values)).toEqual([[name, ""]]);
    expect(Object.keys(readAll([field("number", { name })], Object.fromEntries([[name, "x"]])).errors)).toEqual([name]);
  });

  test.each(["18446744073709551616", "1e400", "9007199254740993.5"])("%s, which cannot be kept, is not sent", (typed) => {
    expect(read(field("number"), typed)).toHaveProperty("error");
  });

  test("what it begins with is shown", () => {
    expect(initial(field("select", { choices, value: { c: 3 } }))).toBe("2");
    expect(initial(field("multiselect", { choices, value: [2] }))).toEqual([1]);
    expect(initial(field("number", { value: 0 }))).toBe("0");
    expect(initial(field("boolean"))).toBe(false);
    expect(initial(field("boolean", { value: "true" }))).toBe(true);
  });

  test("errors are gathered by name", () => {
    expect(readAll([field("number"), field("string", { name: "g" })], { f: "x", g: "y" })).toEqual({ values: { g: "y" }, errors: { f: "This is not a number." } });
  });

  test("what it takes is said", () => {
    expect(hint(field("integer", { min: 1, max: 9 }))).toBe("From 1 to 9.");
    expect(hint(field("multiselect", { min_length: 1, max_length: 2 }))).toBe("1 to 2 choices.");
    expect(hint(field("string", { pattern: "[a-z]+" }))).toBe("Must match [a-z]+");
  });
});

describe("a form from a schema", () => {
  test("has a field for each property", () => {
    const { fields, anything } = formOf({
      type: "object",
      required: ["mail"],
      properties: {
        mail: { type: "string", format: "email", description: "Whom" },
        steps: { type: ["integer", "null"], minimum: 1, maximum: 9, default: 5 },
        deep: { type: "object" },
        colour: { enum: ["red", "blue"] },
        tags: { type: "array", items: { enum: ["x", "y"] } },
        on: { type: "boolean", default: true },
      },
    });
    expect(anything).toBe(false);
    expect(fields.map(({ name, type, required }) => `${name} ${type} ${required}`)).toEqual([
      "mail email true", "steps integer false", "deep json false", "colour select false", "tags multiselect false", "on boolean false",
    ]);
    expect(fields[1]).toMatchObject({ min: 1, max: 9, value: 5 });
  });

  test.each([[true, true], [{}, true], [{ type: "object", additionalProperties: false }, false], [{ type: "null" }, false], [undefined, false]])("%o takes anything: %s", (schema, anything) => {
    expect(formOf(schema)).toEqual({ fields: [], anything });
  });

  test("the server's faults find their fields", () => {
    const faults = [
      { loc: ["body", "config", "steps"], msg: "too large", type: "x" },
      { loc: ["body", "config", "deep", "er"], msg: "odd", type: "x" },
      { loc: ["body", "priority"], msg: "unknown", type: "x" },
    ];
    expect(faultsByField(faults, new Set(["config.steps", "config"]))).toEqual({ "config.steps": "Too large", config: "Odd", "": "priority: unknown" });
  });
});

describe("a control", () => {
  test("is labelled, described and marked wrong", () => {
    const change = vi.fn();
    render(<FieldControl field={field("email", { max_length: 20 })} id="x" value="a" error="No address." onChange={change} />);
    const input = screen.getByLabelText("F");
    expect(input.getAttribute("type")).toBe("email");
    expect(input.getAttribute("aria-invalid")).toBe("true");
    expect(input.getAttribute("aria-describedby")).toBe("x-hint x-error");
    // Browsers would count, and cut, UTF-16 units: the server counts characters.
    expect(input.hasAttribute("maxlength")).toBe(false);
    fireEvent.change(input, { target: { value: "b" } });
    expect(change).toHaveBeenCalledWith("f", "b");
  });

  test("of several choices keeps their order", () => {
    const change = vi.fn();
    render(<FieldControl field={field("multiselect", { choices: ["a", "b", "c"] })} id="x" value={[2]} error={undefined} onChange={change} />);
    fireEvent.click(screen.getByLabelText("a"));
    expect(change).toHaveBeenCalledWith("f", [0, 2]);
  });
});

describe("shortcuts", () => {
  test("run what they name, alone and in sequence, but not while somebody types", () => {
    const run = vi.fn();
    const key = Symbol("test");
    useCommandStore.getState().put(key, [
      { id: "n", title: "N", group: "G", keys: "n", run: () => run("n") },
      { id: "gt", title: "T", group: "G", keys: "g t", run: () => run("g t") },
      { id: "k", title: "K", group: "G", keys: "ctrl+k", run: () => run("ctrl+k") },
    ]);
    const stop = listenForKeys();
    const press = (target: EventTarget, name: string, more = {}): void => void act(() => void target.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...more })));
    const input = document.body.appendChild(document.createElement("input"));
    press(document.body, "n");
    press(input, "n");
    press(input, "k", { ctrlKey: true });
    press(document.body, "g");
    press(document.body, "t");
    expect(run.mock.calls.flat()).toEqual(["n", "ctrl+k", "g t"]);
    expect(allCommands()).toHaveLength(3);
    stop();
    useCommandStore.getState().drop(key);
    press(document.body, "n");
    expect(run).toHaveBeenCalledTimes(3);
  });

  test("the palette finds by a few letters, the nearest first", () => {
    expect(fit("sta", "Start a task")).toBe(0);
    expect(fit("stt", "Start a task")).toBeGreaterThanOrEqual(100);
    expect(fit("xyz", "Start a task")).toBeNull();
  });
});

describe("words", () => {
  test("spans and ages", () => {
    expect([0.04, 12.7, 185, 7800, 97_200].map(span)).toEqual(["0.0 s", "12 s", "3 min 05 s", "2 h 10 min", "1 d 3 h"]);
    expect([1, 12, 200, 90_000].map(ago)).toEqual(["just now", "12 s ago", "3 min ago", "1 d ago"]);
  });

  test("a line without its colours, and its hits", () => {
    expect(plain("\u001b[1;31mred\u001b[0m x")).toBe("red x");
    expect(cut("aXbxc", "x")).toEqual(["a", "X", "b", "x", "c"]);
    expect(cut("abc", "")).toEqual(["abc"]);
  });

  test("labels", () => {
    expect(readLabels("a=1, b = x=y ,")).toEqual({ a: "1", b: "x=y" });
    expect(readLabels("oops")).toContain("“oops”");
  });

  test("filters go to the address and back", () => {
    const filter = { q: "red door", status: "waiting", task: "t", label: "a=b", range: "1h", sort: "" };
    expect(filterOf(new URLSearchParams(queryOf(filter)))).toEqual(filter);
    expect(queryOf(NO_FILTER)).toBe("");
    expect(listOf(filter, 50, 10_000)).toEqual({ limit: 50, counts: true, q: "red door", status: ["waiting"], task: "t", labels: { a: "b" }, from: 6400 });
  });

  test("a filter counts its statuses, and all of them where it names none", () => {
    expect(countOf({ running: 2, failed: 1, completed: 4 }, ["queued", "running"])).toBe(2);
    expect(countOf({ running: 2, failed: 1, completed: 4 }, [])).toBe(7);
  });

  test("a result in one line", () => {
    expect(resultWords({ approved: true, lines: [1, 2], order: { id: 7, sum: 3 } })).toBe("approved: Yes · lines: 2 items · order: 2 values");
    expect(resultWords({ outputs: { "Display-1": { value: "Dear Ada,\n\nyour seats" }, "Math-2": { result: 5 } } })).toBe("Display-1: Dear Ada, your seats · Math-2: 5");
    expect(resultWords(null)).toBe("");
  });
});

describe("the timeline", () => {
  test("joins what belongs together and goes on until now", () => {
    const mark = (status: string, at: number, attempt = 1) => ({ status, at, attempt }) as Parameters<typeof stretches>[0][number];
    const marks = [mark("queued", 0), mark("running", 1), mark("waiting_input", 2), mark("waiting_retry", 4), mark("running", 5, 2)];
    expect(stretches(marks, 9)).toEqual([
      { sort: "queued", attempt: 1, from: 0, to: 1 },
      { sort: "running", attempt: 1, from: 1, to: 2 },
      { sort: "waiting", attempt: 1, from: 2, to: 5 },
      { sort: "running", attempt: 2, from: 5, to: 9 },
    ]);
    expect(stretches([...marks, mark("completed", 7, 2)], 99).at(-1)?.to).toBe(7);
  });

  test("has ticks in steps that people count in", () => {
    const words = (seconds: number) => ticks(seconds, 6).map(({ words: text }) => text);
    expect(words(0.04)).toEqual(["0", "0.01 s", "0.02 s", "0.03 s", "0.04 s"]);
    expect(words(9)).toEqual(["0", "2 s", "4 s", "6 s", "8 s"]);
    expect(words(170)).toEqual(["0", "30 s", "1 min", "1 min 30 s", "2 min", "2 min 30 s"]);
    expect(words(4 * 86_400)).toEqual(["0", "1 d", "2 d", "3 d", "4 d"]);
  });
});
