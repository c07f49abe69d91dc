// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Workflow } from "../../src/views/workflows/model";
import { guard, navigate } from "../../src/shell/router";
import { connect, duplicateSelected, groupSelected, insert, pasteText, removeSelected, copySelected, wantedAt } from "../../src/views/workflows/editor/actions";
import { select, useCanvas } from "../../src/views/workflows/editor/canvas";
import { dropDraft, keepDraft, newDrafts, readDraft } from "../../src/views/workflows/editor/drafts";
import { changedElsewhere, inputChangedElsewhere } from "../../src/views/workflows/editor/elsewhere";
import { copyName } from "../../src/views/workflows/editor/save";
import { useEditor } from "../../src/views/workflows/editor/store";

const choose = vi.hoisted(() => vi.fn());
vi.mock("../../src/views/workflows/editor/choices", () => ({ choose }));

const input = (name: string, type: "number" | "text") => ({ name, type, description: "", required: true, lazy: false, advanced: false, widget: "plain" as const });
const number = { type: "NumberInput", category: "inputs", description: "", inputs: [input("value", "number")], outputs: [{ name: "value", type: "number" as const, description: "" }], volatile: false, waits: false };
const text = { ...number, type: "TextInput", inputs: [input("text", "text")], outputs: [{ name: "text", type: "text" as const, description: "" }] };
const stored: Workflow = {
  id: "w", name: "W", version: 3,
  nodes: [{ id: "a", type: "NumberInput", inputs: {} }, { id: "b", type: "NumberInput", inputs: {}, position: { x: 300, y: 0 } }, { id: "t", type: "TextInput", inputs: {} }],
  edges: [],
};
const editor = () => useEditor.getState();
const steps = () => useEditor.temporal.getState().pastStates.length;
const answers: { status: number; body: object }[] = [];
const asked: { method: string; url: string; match: string | undefined; body: Workflow }[] = [];

beforeEach(() => {
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    asked.push({ method: init.method ?? "GET", url, match: (init.headers as Record<string, string>)["If-Match"], body: JSON.parse(String(init.body ?? "null")) as Workflow });
    const answer = answers.shift();
    if (!answer) throw new TypeError("no network");
    return new Response(JSON.stringify(answer.body), { status: answer.status });
  });
  useEditor.setState({ catalogue: { nodes: [number, text], types: [] } });
  history.replaceState(null, "", "/app/workflows/w");
  editor().load("w", stored, stored);
  answers.length = 0;
  asked.length = 0;
  choose.mockReset();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  localStorage.clear();
});

describe("undo", () => {
  test("typing in one input is one step, and another input begins another", () => {
    for (const value of [1, 12, 123]) editor().setInput("a", "value", value);
    editor().setInput("b", "value", 5);
    expect(steps()).toBe(2);
    editor().undo();
    expect(editor().workflow.nodes[0]?.inputs).toEqual({ value: 123 });
    editor().undo();
    expect(editor().workflow.nodes).toBe(stored.nodes);
    editor().redo();
    expect(editor().workflow.nodes[0]?.inputs).toEqual({ value: 123 });
  });

  test("what is undone down to what was saved is not dirty", () => {
    editor().setInput("a", "value", 1);
    expect(editor().isDirty).toBe(true);
    editor().undo();
    expect(editor().isDirty).toBe(false);
    editor().redo();
    expect(editor().isDirty).toBe(true);
  });

  test("a pause while typing begins a new step", () => {
    vi.useFakeTimers();
    editor().setInput("a", "value", 1);
    vi.advanceTimersByTime(5000);
    editor().setInput("a", "value", 2);
    expect(steps()).toBe(2);
  });

  test("after a save, undo brings back what was drawn and not the version before", async () => {
    editor().setInput("a", "value", 1);
    answers.push({ status: 200, body: { ...stored, version: 4 } });
    await editor().save();
    editor().undo();
    expect(editor().workflow).toMatchObject({ version: 4, nodes: [{ inputs: {} }, {}, {}] });
    expect(editor().isDirty).toBe(true);
    editor().redo();
    expect(editor().isDirty).toBe(false);
  });

  test("choosing is no step", () => {
    select(new Set(["a"]));
    expect(steps()).toBe(0);
    expect(useCanvas.getState().nodes.filter(({ selected }) => selected).map(({ id }) => id)).toEqual(["a"]);
  });
});

describe("on the canvas", () => {
  const edge = { source: "a", source_output: "value", target: "b", target_input: "value" };

  test("a link that does not fit is refused, one that fits is drawn", () => {
    expect(connect({ ...edge, source: "t", source_output: "text" })).toBe(false);
    expect(connect(edge)).toBe(true);
    expect(useCanvas.getState().edges).toHaveLength(1);
  });

  test("a circle is outlined until something changes", () => {
    connect(edge);
    expect(connect({ ...edge, source: "b", target: "a" })).toBe(false);
    expect([...editor().outlined]).toEqual(["a", "b"]);
    editor().setInput("a", "value", 1);
    expect(editor().outlined.size).toBe(0);
  });

  test("a node that is inserted into a link is linked on both sides", () => {
    connect(edge);
    expect(wantedAt({ kind: "link", edge })).toEqual({ takes: "number", gives: "number" });
    const id = insert(number, { x: 0, y: 0 }, { kind: "link", edge });
    expect(editor().workflow.edges.map(({ source, target }) => `${source}>${target}`)).toEqual([`a>${id}`, `${id}>b`]);
    editor().undo();
    expect(editor().workflow.edges).toEqual([edge]);
  });

  test("a node that is put at the end of a loose link is linked", () => {
    const id = insert(number, { x: 0, y: 0 }, { kind: "output", node: "a", output: "value" });
    expect(editor().workflow.edges).toEqual([{ ...edge, target: id }]);
    const before = insert(number, { x: 0, y: 0 }, { kind: "input", node: "b", input: "value" });
    expect(editor().workflow.edges.at(-1)).toEqual({ ...edge, source: before });
  });

  test("copy, paste, double, group, remove", () => {
    connect(edge);
    select(new Set(["a", "b"]));
    const copied = copySelected();
    expect(pasteText(copied ?? "", { x: 0, y: 0 })).toBe(true);
    expect(editor().workflow.nodes).toHaveLength(5);
    expect(editor().workflow.edges).toHaveLength(2);
    duplicateSelected();
    expect(editor().workflow.nodes).toHaveLength(7);
    groupSelected();
    expect(editor().workflow.groups).toHaveLength(1);
    removeSelected();
    expect(editor().workflow.groups).toEqual([]);
    expect(editor().workflow.nodes).toHaveLength(7);
    expect(pasteText("just a text", { x: 0, y: 0 })).toBe(false);
  });

  test("what was dragged is one step, and comes to rest where it was left", () => {
    const { onNodesChange } = useCanvas.getState();
    for (const x of [10, 20, 30]) onNodesChange([{ type: "position", id: "b", position: { x: 300 + x, y: 0 }, dragging: true }]);
    expect(steps()).toBe(0);
    onNodesChange([{ type: "position", id: "b", position: { x: 340.4, y: 0 }, dragging: false }]);
    expect(editor().workflow.nodes[1]?.position).toEqual({ x: 340, y: 0 });
    expect(steps()).toBe(1);
    onNodesChange([{ type: "position", id: "b", position: { x: 340, y: 0 }, dragging: false }]);
    expect(steps()).toBe(1);
  });
});

describe("saving", () => {
  const conflict = { status: 412, body: { code: "version_conflict", current_version: 7 } };

  test("names the version that was changed, and is clean after it", async () => {
    editor().setInput("a", "value", 1);
    answers.push({ status: 200, body: { ...stored, version: 4 } });
    expect(await editor().save()).toMatchObject({ version: 4 });
    expect(asked[0]).toMatchObject({ method: "PUT", url: "/workflows/w?draft=true", match: '"3"' });
    expect(asked[0]?.body).not.toHaveProperty("version");
    expect(editor()).toMatchObject({ isDirty: false, isSaving: false, workflow: { version: 4 } });
  });

  test("what is not changed is not sent", async () => {
    expect(await editor().save()).toBe(editor().workflow);
    expect(asked).toEqual([]);
  });

  test("what changes while it is saved stays dirty", async () => {
    editor().setInput("a", "value", 1);
    answers.push({ status: 200, body: { ...stored, version: 4 } });
    const saving = editor().save();
    editor().setInput("b", "value", 2);
    await saving;
    expect(editor()).toMatchObject({ isDirty: true, workflow: { version: 4 } });
  });

  test("two at once are one", async () => {
    editor().setInput("a", "value", 1);
    answers.push({ status: 200, body: { ...stored, version: 4 } });
    await Promise.all([editor().save(), editor().save()]);
    expect(asked).toHaveLength(1);
  });

  test("a new one gets its id, and its address", async () => {
    editor().load("new-1", { name: "N", nodes: [], edges: [] }, null);
    keepDraft("new-1", editor().workflow);
    answers.push({ status: 201, body: { id: "made", name: "N", version: 1, nodes: [], edges: [] } });
    await editor().save();
    expect(asked[0]).toMatchObject({ method: "POST", url: "/workflows?draft=true" });
    expect(location.pathname).toBe("/app/workflows/made");
    expect(editor().key).toBe("made");
    expect(readDraft("new-1")).toBeNull();
  });

  test.each<[string, { method: string; url: string; match: string | undefined }, string]>([
    ["overwrite", { method: "PUT", url: "/workflows/w?draft=true", match: '"7"' }, "W"],
    ["copy", { method: "POST", url: "/workflows?draft=true", match: undefined }, "W (copy)"],
  ])("a save that comes too late asks: %s", async (answer, request, name) => {
    editor().setInput("a", "value", 1);
    choose.mockResolvedValue(answer);
    answers.push(conflict, { status: 200, body: { ...stored, id: answer === "copy" ? "w2" : "w", version: 8 } });
    expect(await editor().save()).toMatchObject({ version: 8 });
    expect(asked[1]).toMatchObject({ ...request, body: { name } });
    expect(editor().isDirty).toBe(false);
    expect(editor().workflow.name).toBe(name);
  });

  test("theirs can be taken, and closing the question changes nothing", async () => {
    editor().setInput("a", "value", 1);
    choose.mockResolvedValueOnce(null);
    answers.push(conflict);
    expect(await editor().save()).toBeNull();
    expect(editor()).toMatchObject({ isDirty: true, workflow: { version: 3 } });
    choose.mockResolvedValueOnce("reload");
    answers.push(conflict, { status: 200, body: { ...stored, name: "Theirs", version: 7 } });
    expect(await editor().save()).toBeNull();
    expect(editor()).toMatchObject({ isDirty: false, workflow: { version: 7, name: "Theirs" } });
  });

  test("one that was removed can be saved as a new one", async () => {
    editor().setInput("a", "value", 1);
    choose.mockResolvedValue("again");
    answers.push({ status: 404, body: { code: "unknown_workflow" } }, { status: 201, body: { ...stored, id: "w9", version: 1 } });
    expect(await editor().save()).toMatchObject({ id: "w9" });
    expect(asked[1]).toMatchObject({ method: "POST" });
    expect(asked[1]?.body).not.toHaveProperty("id");
  });

  test("without the server nothing is lost, and saving can be tried again", async () => {
    editor().setInput("a", "value", 1);
    expect(await editor().save()).toBeNull();
    expect(editor()).toMatchObject({ isDirty: true, isSaving: false });
  });

  test.each([["W", "W (copy)"], ["W (copy)", "W (copy 2)"], ["W (copy 9)", "W (copy 10)"]])("the copy of %o is %o", (name, copy) => {
    expect(copyName(name)).toBe(copy);
  });
});

describe("what others do", () => {
  test("a newer version is news, one's own is not", () => {
    changedElsewhere("w", { version: 3 });
    changedElsewhere("other", { version: 9 });
    expect(editor().elsewhere).toBeNull();
    changedElsewhere("w", { version: 4, author: "Ana" });
    expect(editor().elsewhere).toEqual({ version: 4, author: "Ana" });
  });

  test("an input that they turn is shown without a step of undo and without a change to save", () => {
    inputChangedElsewhere("w", "a", "value", 42);
    expect(editor().workflow.nodes[0]?.inputs).toEqual({ value: 42 });
    expect(steps()).toBe(0);
    expect(editor().isDirty).toBe(false);
    editor().setInput("b", "value", 1);
    inputChangedElsewhere("w", "a", "value", 43);
    expect(editor().isDirty).toBe(true);
    inputChangedElsewhere("w", "gone", "value", 1);
    expect(editor().workflow.nodes).toHaveLength(3);
  });
});

describe("drafts and leaving", () => {
  test("a draft is kept, found and dropped; one that is not whole counts as none", () => {
    keepDraft("new-a", stored);
    expect(newDrafts().map(({ key }) => key)).toEqual(["new-a"]);
    localStorage.setItem("callboard:workflow:new-b", "{");
    localStorage.setItem("callboard:workflow:new-c", '{"workflow":{}}');
    expect(newDrafts()).toHaveLength(1);
    dropDraft("new-a");
    expect(readDraft("new-a")).toBeNull();
  });

  test("where the browser has no room, a draft lasts as long as the page", () => {
    vi.spyOn(Storage.prototype, "setItem").mockImplementationOnce(() => {
      throw new Error("full");
    });
    keepDraft("new-full", stored);
    expect(readDraft("new-full")?.workflow.name).toBe("W");
    dropDraft("new-full");
  });

  test("a gate holds the page until it is told to go on", () => {
    let goOn = (): void => undefined;
    const end = guard((_, go) => {
      goOn = go;
      return false;
    });
    navigate("/app/tasks");
    expect(location.pathname).toBe("/app/workflows/w");
    goOn();
    expect(location.pathname).toBe("/app/tasks");
    end();
    navigate("/app/workflows/w");
    expect(location.pathname).toBe("/app/workflows/w");
  });

  test("opening a copy asks where changes would be lost, and keeps a draft of it", async () => {
    const { id: _id, version: _version, ...copy } = stored;
    editor().setInput("a", "value", 1);
    choose.mockResolvedValueOnce("stay");
    editor().open(copy);
    await vi.waitFor(() => expect(choose).toHaveBeenCalledOnce());
    expect(editor().key).toBe("w");
    choose.mockResolvedValueOnce("discard");
    editor().open(copy);
    await vi.waitFor(() => expect(editor().key).toMatch(/^new-/));
    expect(editor()).toMatchObject({ isDirty: true, workflow: { name: "W" } });
    expect(newDrafts()).toHaveLength(1);
    expect(location.pathname).toBe("/app/workflows/new");
  });
});
