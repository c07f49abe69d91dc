// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, test, vi } from "vitest";
import { FieldControl } from "../../src/forms/FieldControl";
import { hint, initial, localMoment, read, readAll, type FormField } from "../../src/forms/fields";
import { formOf } from "../../src/forms/schema";
import { fit } from "../../src/shell/Palette";
import { allCommands, listenForKeys, useCommandStore } from "../../src/shell/commands";
import { ago, span } from "../../src/ui/time";
import { filterOf, listOf, queryOf } from "../../src/views/tasks/query";
import { cut, plain } from "../../src/views/tasks/session/Line";
import { stretches } from "../../src/views/tasks/session/Timeline";
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
    ["what is as it began, where that is left out", field("integer", { value: 5, omitDefault: true }), "5", undefined],
    ["what is changed from how it began", field("integer", { value: 5, omitDefault: true }), "6", 6],
  ])("%s", (_, one, raw, value) => {
    expect(read(one, raw)).toEqual({ value });
  });

  test.each<[FormField, string]>([[field("number"), "x"], [field("json"), "{"], [field("datetime"), "x"]])("%o that cannot be sent is told", (one, raw) => {
    expect(read(one, raw)).toHaveProperty("error");
  });

  test("a moment is sent as that of the time zone here", () => {
    const at = "2026-11-20T19:30:00.000Z";
    expect(read(field("datetime"), localMoment(at))).toEqual({ value: at });
  });

  test("what it begins with is shown", () => {
    expect(initial(field("select", { choices, value: { c: 3 } }))).toBe("2");
    expect(initial(field("multiselect", { choices, value: [2] }))).toEqual([1]);
    expect(initial(field("number", { value: 0 }))).toBe("0");
    expect(initial(field("boolean"))).toBe(false);
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
    const filter = { status: "waiting", task: "t", label: "a=b" };
    expect(filterOf(new URLSearchParams(queryOf(filter)))).toEqual(filter);
    expect(queryOf({ status: "", task: "", label: "" })).toBe("");
    expect(listOf(filter, 50)).toEqual({ limit: 50, status: ["waiting"], task: "t", labels: { a: "b" } });
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
});
