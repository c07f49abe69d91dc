// @vitest-environment happy-dom
// The parts of the runtime that need no server: how values read, how inputs are edited, how nodes stand.
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CallboardError, type NodeRun, type WorkflowStore } from "@callboard/client";
import { useEditor } from "../../src/views/workflows/editor";
import type { GraphFault, GraphNode, InputPort, NodeClass, Workflow } from "../../src/views/workflows/model";
import { faultCount, showFaults, useFaults } from "../../src/views/workflows/runtime/faults";
import { faultTitle } from "../../src/views/workflows/runtime/faultWords";
import { InputControl } from "../../src/views/workflows/runtime/inputs/InputControl";
import { readJson } from "../../src/views/workflows/runtime/inputs/JsonInput";
import { isPlainList, readItem } from "../../src/views/workflows/runtime/inputs/ListInput";
import { stepFor } from "../../src/views/workflows/runtime/inputs/NumberInput";
import { Pace } from "../../src/views/workflows/runtime/inputs/pace";
import { nodeOfLane } from "../../src/views/workflows/runtime/lanes";
import { readOptions } from "../../src/views/workflows/runtime/live";
import { NodeMark } from "../../src/views/workflows/runtime/NodeMark";
import { Preview } from "../../src/views/workflows/runtime/Preview";
import { useRuntime } from "../../src/views/workflows/runtime/runtime";
import { readSeries, seriesWords } from "../../src/views/workflows/runtime/series";
import { sketch } from "../../src/views/workflows/runtime/Sketch";
import { valueWords } from "../../src/views/workflows/runtime/value";
import { wayOf } from "../../src/views/workflows/runtime/way";
import { bytesWords, isCut, numberWords, rateWords, took } from "../../src/views/workflows/runtime/words";

const port = (type: InputPort["type"], more: Partial<InputPort> = {}): InputPort => ({ name: "x", type, description: "", required: false, lazy: false, advanced: false, widget: "plain", ...more });
const cut = { truncated: true, bytes: 20_000, preview: "[[1,2],[2,3],[3" };

afterEach(() => {
  cleanup();
  useRuntime.setState({ store: null, runSession: null, busy: null, refusal: null });
});

test("a question of a run finds its node by its lane", () => {
  expect(["node/1/Ask-1", "node/12/a/b", "order", "wake/3", null].map(nodeOfLane)).toEqual(["Ask-1", "a/b", null, null, null]);
});

describe("the way of a run", () => {
  const ran = (result: object) => ({ state: "completed", runs: 1, result }) as NodeRun;
  test("goes along links that carried a value, and leaves out the branch that was not taken", () => {
    expect(wayOf(ran({ then: 1 }), ran({}), "then")).toBe("taken");
    expect(wayOf(ran({ then: 1 }), ran({}), "else")).toBe("untaken");
    expect(wayOf(ran({ then: 1 }), { state: "waiting", runs: 0 }, "then")).toBe("taken");
    expect(wayOf(ran({ then: 1 }), { state: "idle", runs: 0 }, "then")).toBe("untaken");
    expect(wayOf({ state: "error", runs: 1 }, { state: "blocked", runs: 0 }, "value")).toBe("untaken");
    expect(wayOf(undefined, ran({}), "value")).toBe("untaken");
  });
});

describe("the main value of a node", () => {
  const node = (type: string, inputs = {}) => ({ id: "n", type, inputs });
  const nodeClass = { outputs: [{ name: "empty" }, { name: "value" }] } as unknown as NodeClass;
  test.each([
    [node("Math"), { state: "completed", runs: 1, result: { value: 598.8 } }, "598.8"],
    [node("Math"), { state: "completed", runs: 1, result: { value: [1, 2] } }, "2 items"],
    [node("Math"), { state: "completed", runs: 1, result: { value: true } }, "yes"],
    [node("Math"), { state: "error", runs: 1, error: "division by zero" }, "division by zero"],
    [node("Math"), undefined, null],
    [node("NumberInput", { value: 12 }), undefined, "12"],
    [node("TextInput", { text: "a  b" }), undefined, "a b"],
  ] as const)("of %j after %j is %s", (of, run, words) => {
    expect(valueWords(of, nodeClass, run as NodeRun | undefined)).toBe(words);
  });
});

describe("words", () => {
  test("figures are short", () => {
    expect([0.0001, 0.05, 0.84, 140.4, 2400, 600_000].map(took)).toEqual(["1 µs", "50 µs", "0.8 ms", "140 ms", "2.4 s", "10 min"]);
    expect([0.5, 99.96, 250.4, 41_000].map(rateWords)).toEqual(["0.5/s", "100.0/s", "250/s", "41k/s"]);
    expect([1, 1234, 12_345, 0.1 + 0.2, 1e-9, 1 / 3].map(numberWords)).toEqual(["1", "1234", "12,345", "0.3", "1.00000e-9", "0.3333333"]);
    expect([12, 16_384, 2_100_000].map(bytesWords)).toEqual(["12 B", "16 kB", "2.1 MB"]);
  });

  test("only what the server has cut counts as cut", () => {
    expect(isCut(cut)).toBe(true);
    for (const value of [null, "x", { truncated: true }, { preview: "", bytes: 1, truncated: "yes" }, []]) expect(isCut(value)).toBe(false);
  });

  test("a problem of a later server is named in its own words", () => {
    expect(faultTitle({ type: "dependency_cycle", message: "m", details: "", extra_info: {} })).toBe("Cycle: the node depends on itself");
    expect(faultTitle({ type: "of_a_later_server", message: "What it says.", details: "", extra_info: {} } as unknown as GraphFault)).toBe("What it says.");
  });
});

describe("a chart's points", () => {
  test("are times and values; what is none of them is left out", () => {
    expect(readSeries([[1, 2], [2, null], "x", [3], ["a", 1]])).toEqual([[1, 2, 3], [2, null, null]]);
    expect(readSeries({})).toBe(null);
  });

  test("are read as far as they are told", () => {
    expect(readSeries(cut)).toEqual([[1, 2], [2, 3]]);
    expect(readSeries({ ...cut, preview: "no list" })).toEqual([[], []]);
  });

  test("are said for those who do not see them", () => {
    expect(seriesWords([[1, 2], [2, -3.14159]])).toBe("A chart of 2 points from -3.142 to 2, the last -3.142.");
    expect(seriesWords([[], []])).toBe("A chart without points.");
  });
});

describe("how it runs live", () => {
  test.each([
    [{ interval: "", most: "", comesBack: false }, { options: {} }],
    [{ interval: "0", most: "5", comesBack: true }, { options: { interval_ms: 0, max_iterations: 5, autostart: true } }],
  ])("%o", (form, read) => expect(readOptions(form)).toEqual(read));

  test.each(["-1", "x", "1.5", "1e12"])("the interval %s is refused", (interval) => {
    expect(readOptions({ interval, most: "0", comesBack: false })).toEqual({ wrong: { interval: expect.any(String) as string, most: expect.any(String) as string } });
  });
});

describe("inputs", () => {
  test("JSON is read as far as it is the right sort", () => {
    expect(readJson(" ", "json")).toEqual({ value: null });
    expect(readJson('{"a": [1]}', "json")).toEqual({ value: { a: [1] } });
    for (const [text, type] of [["{", "json"], ["[1", "list"], ["{}", "list"], ["[]", "object"], ["null", "object"], ["'x'", "json"]] as const) expect(readJson(text, type)).toHaveProperty("wrong");
  });

  test("a list of few texts and numbers has lines", () => {
    expect(isPlainList(["a", 1])).toBe(true);
    for (const value of [[], [{}], ["a\nb"], "x", null, Array.from({ length: 50 }, () => 1)]) expect(isPlainList(value)).toBe(false);
    expect(readItem("5", [1, 2])).toBe(5);
    expect(readItem("5", ["a"])).toBe("5");
    expect(readItem("", [1])).toBe("");
  });

  test("a slider has round steps", () => {
    expect([stepFor(0, 1, false), stepFor(0, 100, false), stepFor(10, 1000, true), stepFor(0, 3, true)]).toEqual([0.01, 1, 1, 1]);
  });

  test("a pace lets the first and the last through", () => {
    vi.useFakeTimers();
    const out = vi.fn();
    const pace = new Pace<number>(60, out);
    for (const value of [1, 2, 3]) pace.put(value);
    expect(out.mock.calls.flat()).toEqual([1]);
    vi.advanceTimersByTime(60);
    expect(out.mock.calls.flat()).toEqual([1, 3]);
    pace.put(4);
    pace.end();
    expect(out.mock.calls.flat()).toEqual([1, 3, 4]);
    vi.advanceTimersByTime(600);
    expect(out).toHaveBeenCalledTimes(3);
    vi.useRealTimers();
  });
});

describe("a control", () => {
  const node: GraphNode = { id: "A", type: "T", title: "Words", inputs: { x: "old" } };
  let set: ReturnType<typeof vi.fn>;
  beforeEach(() => {
    set = vi.fn();
    useEditor.setState({ setInput: set as never });
  });

  /** A live workflow whose answers the test gives. */
  function live(answer: () => Promise<unknown>): ReturnType<typeof vi.fn> {
    const setInput = vi.fn(answer);
    const state = { id: "w", isKnown: true, run: null, connection: { phase: "live" }, live: { state: "running" } };
    const store = { id: "w", getState: () => state, subscribe: () => () => undefined, subscribeNode: () => () => undefined, node: () => undefined, input: () => undefined, setInput };
    useRuntime.setState({ store: store as unknown as WorkflowStore });
    return setInput;
  }

  test("changes the draft; nothing is sent while the workflow is not live", () => {
    render(<InputControl node={node} input={port("text")} />);
    fireEvent.change(screen.getByLabelText("x of Words"), { target: { value: "new" } });
    expect(set).toHaveBeenCalledWith("A", "x", "new");
    expect((screen.getByLabelText("x of Words") as HTMLInputElement).value).toBe("new");
  });

  test("sends to the live workflow as well", async () => {
    const setInput = live(() => Promise.resolve({}));
    render(<InputControl node={node} input={port("text")} />);
    await act(async () => void fireEvent.change(screen.getByLabelText("x of Words"), { target: { value: "new" } }));
    expect(set).toHaveBeenCalledWith("A", "x", "new");
    expect(setInput).toHaveBeenCalledWith("A", "x", "new");
  });

  test("a switch that is refused goes back and says why", async () => {
    live(() => Promise.reject(new CallboardError("the value is not allowed", { code: "invalid_value", status: 422 })));
    render(<InputControl node={{ ...node, inputs: { x: false } }} input={port("boolean")} />);
    await act(async () => void fireEvent.click(screen.getByRole("switch")));
    expect(set.mock.calls).toEqual([["A", "x", true], ["A", "x", false]]);
    expect(screen.getByText("The value is not allowed.")).toBeTruthy();
    expect(screen.getByRole("switch").getAttribute("aria-checked")).toBe("false");
  });

  test("a text that is refused stays as it was typed, with the reason", async () => {
    live(() => Promise.reject(new CallboardError("syntax error in line 1", { code: "invalid_value", status: 422 })));
    render(<InputControl node={node} input={port("text", { widget: "code" })} />);
    await act(async () => void fireEvent.change(screen.getByLabelText("x of Words"), { target: { value: "{{" } }));
    expect((screen.getByLabelText("x of Words") as HTMLTextAreaElement).value).toBe("{{");
    expect(screen.getByLabelText("x of Words").getAttribute("aria-invalid")).toBe("true");
    expect(screen.getByText("Syntax error in line 1.")).toBeTruthy();
    expect(set).toHaveBeenCalledTimes(1);
  });

  test("an input that the live workflow does not have yet is no mistake", async () => {
    live(() => Promise.reject(new CallboardError("there is no live node", { code: "unknown_node", status: 422 })));
    render(<InputControl node={node} input={port("text")} />);
    await act(async () => void fireEvent.change(screen.getByLabelText("x of Words"), { target: { value: "new" } }));
    expect(screen.getByText(/does not have this input yet/)).toBeTruthy();
    expect(screen.getByLabelText("x of Words").getAttribute("aria-invalid")).toBe(null);
  });

  test("a number is sent only where it is one, within a slider's range where there is one", () => {
    render(<InputControl node={{ ...node, inputs: { x: 5 } }} input={port("integer", { min: 0, max: 10 })} />);
    const field = screen.getByLabelText("x of Words");
    fireEvent.change(field, { target: { value: "7.5" } });
    expect(set).not.toHaveBeenCalled();
    expect(screen.getByText("This is not a whole number.")).toBeTruthy();
    fireEvent.blur(field);
    expect((field as HTMLInputElement).value).toBe("5");
    fireEvent.change(screen.getByLabelText("x of Words, as a slider"), { target: { value: "8" } });
    expect(set).toHaveBeenCalledWith("A", "x", 8);
    fireEvent.keyDown(field, { key: "ArrowUp" });
    expect(set).toHaveBeenLastCalledWith("A", "x", 9);
  });

  test("a select offers its own options", () => {
    const select: GraphNode = { id: "S", type: "SelectInput", inputs: { value: "red", options: ["red", 2] } };
    render(<InputControl node={select} input={port("json", { name: "value" })} />);
    fireEvent.change(screen.getByLabelText("value of S"), { target: { value: "1" } });
    expect(set).toHaveBeenCalledWith("S", "value", 2);
  });

  test("lines of a list are changed, added and removed", () => {
    render(<InputControl node={{ ...node, inputs: { x: ["a", "b"] } }} input={port("list")} />);
    fireEvent.change(screen.getByLabelText("Item 2 of x of Words"), { target: { value: "c" } });
    expect(set).toHaveBeenLastCalledWith("A", "x", ["a", "c"]);
    fireEvent.click(screen.getByText("Add an item"));
    expect(set).toHaveBeenLastCalledWith("A", "x", ["a", "c", ""]);
    fireEvent.click(screen.getByLabelText("Remove item 1"));
    expect(set).toHaveBeenLastCalledWith("A", "x", ["c", ""]);
  });
});

describe("a value", () => {
  test.each<[unknown, string]>([[1.5, "1.5"], [true, "yes"], [null, "nothing"], ["", "empty text"], [[], "empty list"], [{ a: 1 }, "1 field"], [cut, "20 kB"]])("%o reads as %s", (value, words) => {
    const { container } = render(<Preview value={value} />);
    expect(container.textContent).toContain(words);
  });

  test("a long text and a long list are shown in part, and whole when asked", () => {
    render(<Preview value={"x".repeat(1000)} />);
    fireEvent.click(screen.getByText("all 1,000 characters"));
    expect(screen.getByText(/x{1000}/)).toBeTruthy();
    cleanup();
    const { container } = render(<Preview value={Array.from({ length: 100 }, (_, item) => item)} />);
    expect(container.querySelectorAll("li")).toHaveLength(31);
    fireEvent.click(screen.getByText("70 more"));
    expect(container.querySelectorAll("li")).toHaveLength(100);
    fireEvent.click(screen.getByText(/100 items/));
    expect(container.querySelectorAll("li")).toHaveLength(0);
  });
});

describe("a node's mark", () => {
  test("has a word for its state, and its figures", () => {
    const run: NodeRun = { state: "cached", runs: 3, duration_ms: 0.84 };
    const store = { subscribeNode: () => () => undefined, node: () => run };
    useRuntime.setState({ store: store as unknown as WorkflowStore });
    const { container } = render(<NodeMark nodeId="A" />);
    expect(container.textContent).toBe("0.8 ms3×Unchanged");
  });

  test("says what is wrong with it", () => {
    const fault: GraphFault = { type: "unknown_input", message: "m", details: "there is no input y", extra_info: {} };
    act(() => showFaults({ node_errors: { A: { class_type: "T", errors: [fault], dependent_outputs: [] } } }));
    render(<NodeMark nodeId="A" />);
    expect(screen.getByTitle("there is no input y")).toBeTruthy();
    expect(faultCount(useFaults.getState())).toBe(1);
    act(() => showFaults(null));
    expect(screen.queryByTitle("there is no input y")).toBe(null);
    expect(useFaults.getState().state).toBe("valid");
  });
});

describe("the examples", () => {
  const examples = Object.values(import.meta.glob<Workflow & { description: string }>("../../../examples/workflows/*.json", { eager: true, import: "default" }));

  test("are six, each with a sentence, a place for every node, and links between nodes that there are", () => {
    expect(examples).toHaveLength(6);
    for (const { name, description, nodes, edges } of examples) {
      expect(description.length, name).toBeGreaterThan(20);
      const ids = new Set(nodes.map(({ id }) => id));
      expect(ids.size, name).toBe(nodes.length);
      for (const { position } of nodes) expect(position, name).toBeDefined();
      for (const { source, target } of edges) expect(ids.has(source) && ids.has(target), name).toBe(true);
    }
  });

  test("are drawn from the places of their nodes", () => {
    for (const example of examples) {
      const shape = sketch(example);
      expect(shape?.boxes).toHaveLength(example.nodes.length);
      expect(shape?.lines).toHaveLength(example.edges.length);
    }
    expect(sketch({ nodes: [], edges: [] })).toBe(null);
    expect(sketch({ nodes: [{ id: "A", type: "T", inputs: {} }], edges: [{ source: "A", source_output: "x", target: "B", target_input: "y" }] })?.lines).toEqual([]);
  });
});
