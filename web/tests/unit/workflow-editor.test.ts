import { describe, expect, test } from "vitest";
import type { Catalogue, GraphEdge, NodeClass, PortType, Workflow } from "../../src/views/workflows/model";
import { isEmpty, middleOf, pieceOf, pieceText, put, readPiece } from "../../src/views/workflows/editor/pure/copies";
import { fileName, fileText, readWorkflow } from "../../src/views/workflows/editor/pure/file";
import { byCategory, findClasses, spaced } from "../../src/views/workflows/editor/pure/find";
import { inputFor, outputFor, pathBetween, portsOf, refusal, takes } from "../../src/views/workflows/editor/pure/fit";
import { absolute, flowEdges, flowNodes, sizesOf } from "../../src/views/workflows/editor/pure/flow";
import { addNode, edgeId, freePlace, group, link, move, newId, relink, remove, retitle, setInput } from "../../src/views/workflows/editor/pure/graph";
import { arrange } from "../../src/views/workflows/editor/pure/layout";
import { goesOn, PAUSE_MS } from "../../src/views/workflows/editor/pure/steps";

const TYPES: PortType[] = ["json", "text", "number", "integer", "boolean", "list", "object"];
const input = (name: string, type: PortType, required = true) => ({ name, type, description: "", required, lazy: false, advanced: false, widget: "plain" as const });
const output = (name: string, type: PortType) => ({ name, type, description: "" });
const nodeClass = (type: string, category: string, inputs: NodeClass["inputs"], outputs: NodeClass["outputs"], description = ""): NodeClass => ({ type, category, description, inputs, outputs, volatile: false, waits: false });

const catalogue: Catalogue = {
  types: TYPES.map((name) => ({ name, takes: TYPES.filter((other) => name === "json" || other === "json" || name === other || (name === "number" && other === "integer")) })),
  nodes: [
    nodeClass("NumberInput", "inputs", [input("value", "number")], [output("value", "number")], "A number that is given."),
    nodeClass("TextInput", "inputs", [input("text", "text")], [output("text", "text")]),
    nodeClass("Math", "maths", [input("operation", "text", false), input("a", "number"), input("b", "number")], [output("result", "number")]),
    nodeClass("JsonPath", "data", [input("json", "json"), input("path", "text")], [output("matches", "list")]),
    nodeClass("Odd", "zebras", [], []),
  ],
};
const edge = (source: string, source_output: string, target: string, target_input: string): GraphEdge => ({ source, source_output, target, target_input });
const at = (x: number, y: number) => ({ x, y });
const sum: Workflow = {
  name: "Sum",
  nodes: [
    { id: "n1", type: "NumberInput", inputs: { value: 1 }, position: at(0, 0) },
    { id: "n2", type: "NumberInput", inputs: {}, position: at(0, 200) },
    { id: "m", type: "Math", inputs: {}, position: at(400, 0), group: "g", title: "Add up" },
    { id: "t", type: "TextInput", inputs: {}, position: at(0, 400) },
  ],
  edges: [edge("n1", "value", "m", "a"), edge("n2", "value", "m", "b")],
  groups: [{ id: "g", title: "Inside", position: at(350, -50), size: { width: 400, height: 300 } }],
  notes: [{ id: "note-1", text: "hello", position: at(0, 700), size: { width: 100, height: 50 } }],
};

describe("ids", () => {
  test("an id is its class and four letters, and never one that is taken", () => {
    expect(newId("Math", new Set())).toMatch(/^Math-[0-9a-z]{4}$/);
    expect(newId("Math", new Set(["Math-0000"]), () => 0)).toBe("Math-00000");
  });
});

describe("a graph", () => {
  test("an input has one link: a second one takes the place of the first", () => {
    const linked = link(sum, edge("n2", "value", "m", "a"));
    expect(linked.edges.map(edgeId)).toEqual(["n2/value>m/b", "n2/value>m/a"]);
  });

  test("a link whose end is dragged elsewhere is gone from where it was", () => {
    const [first] = sum.edges as [GraphEdge];
    expect(relink(sum, first, edge("n1", "value", "m", "b")).edges.map(edgeId)).toEqual(["n1/value>m/b"]);
  });

  test("what goes takes its links along, and a group leaves its nodes", () => {
    const without = remove(sum, new Set(["n1", "g", "note-1", "n2/value>m/b"]));
    expect(without.nodes.map(({ id }) => id)).toEqual(["n2", "m", "t"]);
    expect(without.edges).toEqual([]);
    expect(without.groups).toEqual([]);
    expect(without.notes).toEqual([]);
    expect(without.nodes.find(({ id }) => id === "m")).not.toHaveProperty("group");
    expect(remove(sum, new Set())).toBe(sum);
  });

  test("a value that is taken away leaves no trace", () => {
    expect(setInput(sum, "n1", "value", 5).nodes[0]?.inputs).toEqual({ value: 5 });
    expect(setInput(sum, "n1", "value", undefined).nodes[0]?.inputs).toEqual({});
    expect(setInput(sum, "n1", "value", null).nodes[0]?.inputs).toEqual({ value: null });
    expect(setInput(sum, "n1", "value", 5).nodes[1]).toBe(sum.nodes[1]);
  });

  test.each([["  Total ", "Total"], ["", undefined], ["Math", undefined]])("the title %o becomes %o", (given, title) => {
    expect(retitle(sum, "m", given).nodes[2]?.title).toBe(title);
  });

  test("what stands in a group moves with it", () => {
    const moved = move(sum, new Map([["g", at(450, 50)]]));
    expect(moved.nodes.find(({ id }) => id === "m")).toMatchObject({ position: at(500, 100), group: "g" });
    expect(moved.nodes[0]).toBe(sum.nodes[0]);
  });

  test("a node belongs to the group that its middle is in", () => {
    const size = new Map([["t", { width: 100, height: 100 }], ["m", { width: 100, height: 100 }]]);
    const moved = move(sum, new Map([["t", at(400, 100)], ["m", at(1000, 0)]]), size);
    expect(moved.nodes.find(({ id }) => id === "t")?.group).toBe("g");
    expect(moved.nodes.find(({ id }) => id === "m")).not.toHaveProperty("group");
  });

  test("a frame goes round what is chosen, and one that is left empty goes away", () => {
    const made = group(sum, new Set(["n1", "m"]), new Map());
    const [frame] = made?.workflow.groups ?? [];
    expect(made?.workflow.groups).toHaveLength(1);
    expect(frame?.position.x).toBeLessThan(0);
    expect((frame?.position.x ?? 0) + (frame?.size.width ?? 0)).toBeGreaterThan(640);
    expect(made?.workflow.nodes.filter((node) => node.group === made.id).map(({ id }) => id)).toEqual(["n1", "m"]);
    expect(group(sum, new Set(["note-1"]), new Map())).toBeNull();
  });

  test("a node that is put into a frame belongs to it, and none is put right on another", () => {
    expect(addNode(sum, "Math", at(500, 100)).workflow.nodes.at(-1)?.group).toBe("g");
    expect(freePlace(sum, at(1000, 0))).toEqual(at(1000, 0));
    const size = { width: 268, height: 180 };
    const sizes = new Map(sum.nodes.map(({ id }) => [id, size]));
    const place = freePlace(sum, at(0, 0), sizes, size);
    const apart = ({ position = at(0, 0) }: (typeof sum.nodes)[number]): boolean => Math.abs(place.x - position.x) >= size.width || Math.abs(place.y - position.y) >= size.height;
    expect(sum.nodes.every(apart)).toBe(true);
  });
});

describe("what may be linked", () => {
  test.each<[PortType, PortType, boolean]>([["number", "integer", true], ["integer", "number", false], ["number", "text", false], ["json", "list", true], ["list", "json", true]])("an input of %s and an output of %s: %o", (into, from, may) => {
    expect(takes(catalogue, into, from)).toBe(may);
  });

  test("a type that the server did not name takes its own, and anything takes anything", () => {
    expect(takes(null, "text", "text")).toBe(true);
    expect(takes(null, "text", "number")).toBe(false);
    expect(takes(null, "json", "number")).toBe(true);
  });

  test("what does not fit is refused with the reason", () => {
    expect(refusal(sum, catalogue, edge("t", "text", "m", "a"))).toEqual({ reason: "text cannot go into number", cycle: [] });
    expect(refusal(sum, catalogue, edge("n1", "value", "m", "b"))).toBeNull();
  });

  test("a circle is refused with its path, a node that feeds itself too", () => {
    const chain: Workflow = { name: "", nodes: ["a", "b", "c"].map((id) => ({ id, type: "Math", inputs: {}, title: id.toUpperCase() })), edges: [edge("a", "result", "b", "a"), edge("b", "result", "c", "a")] };
    expect(refusal(chain, catalogue, edge("c", "result", "a", "a"))).toEqual({ reason: "That would close a circle: A → B → C → A", cycle: ["a", "b", "c"] });
    expect(refusal(chain, catalogue, edge("a", "result", "a", "b"))?.cycle).toEqual(["a"]);
    expect(refusal(chain, catalogue, edge("a", "result", "gone", "b"))?.reason).toMatch(/no longer there/);
  });

  test("a path is the shortest, and a graph that goes round already ends", () => {
    const edges = [edge("a", "o", "b", "i"), edge("b", "o", "a", "i"), edge("b", "o", "c", "i"), edge("a", "o", "c", "j")];
    expect(pathBetween(edges, "a", "c")).toEqual(["a", "c"]);
    expect(pathBetween(edges, "c", "a")).toBeNull();
    const long = Array.from({ length: 20_000 }, (_, place) => edge(`n${place}`, "o", `n${place + 1}`, "i"));
    expect(pathBetween(long, "n0", "n20000")).toHaveLength(20_001);
  });

  test("when nobody says which port, a required one of the same type comes first", () => {
    const [, , math, path] = catalogue.nodes as [NodeClass, NodeClass, NodeClass, NodeClass];
    expect(inputFor(catalogue, math, "integer")?.name).toBe("a");
    expect(inputFor(catalogue, math, "text")?.name).toBe("operation");
    expect(inputFor(catalogue, path, "text")?.name).toBe("path");
    expect(inputFor(catalogue, math, "list")).toBeUndefined();
    expect(outputFor(catalogue, path, "json")?.name).toBe("matches");
    expect(outputFor(catalogue, path, "text")).toBeUndefined();
  });

  test("the ports of a class that is not known are those that are used", () => {
    const { inputs, outputs } = portsOf({ id: "m", type: "Gone", inputs: { c: 1 } }, undefined, [...sum.edges, edge("m", "out", "t", "text")]);
    expect(inputs.map(({ name }) => name)).toEqual(["c", "a", "b"]);
    expect(outputs.map(({ name }) => name)).toEqual(["out"]);
  });
});

describe("copies", () => {
  test("a piece has the links between its nodes, and a group brings its nodes", () => {
    const piece = pieceOf(sum, new Set(["n1", "g"]));
    expect(piece.nodes.map(({ id }) => id)).toEqual(["n1", "m"]);
    expect(piece.edges.map(edgeId)).toEqual(["n1/value>m/a"]);
    expect(isEmpty(pieceOf(sum, new Set(["nothing"])))).toBe(true);
  });

  test("what is pasted has new ids everywhere and stands beside", () => {
    const piece = readPiece(pieceText(pieceOf(sum, new Set(["n1", "g"]))));
    if (!piece) throw new Error("it cannot be read");
    const { workflow, ids } = put(sum, piece, at(40, 40));
    expect(workflow.nodes).toHaveLength(6);
    expect(new Set(workflow.nodes.map(({ id }) => id)).size).toBe(6);
    const [copy, math] = workflow.nodes.slice(-2);
    expect(copy).toMatchObject({ type: "NumberInput", inputs: { value: 1 }, position: at(40, 40) });
    expect(workflow.edges.at(-1)).toEqual(edge(copy?.id ?? "", "value", math?.id ?? "", "a"));
    expect(math?.group).toBe(workflow.groups?.at(-1)?.id);
    expect(math?.group).not.toBe("g");
    expect(ids.size).toBe(3);
  });

  test("a node that was copied without its group stands free", () => {
    const piece = pieceOf(sum, new Set(["m"]));
    expect(put(sum, piece, at(0, 0)).workflow.nodes.at(-1)).not.toHaveProperty("group");
    expect(middleOf(piece)).toEqual(at(400, 0));
  });

  test.each(["", "hello", "{", "null", "[]", '{"nodes":[]}', '{"kind":"callboard/nodes"}', '{"kind":"callboard/nodes","nodes":[{}]}', '{"kind":"callboard/nodes","nodes":[null]}'])("%o is no piece", (text) => {
    expect(readPiece(text)).toBeNull();
  });
});

describe("files", () => {
  test("what is written can be read, without what belongs to the server", () => {
    const read = readWorkflow(fileText({ ...sum, id: "x", version: 4, author: "ana" }));
    expect(read).toEqual({ workflow: sum });
  });

  test.each([["Order pipeline!", "order-pipeline.json"], ["  Überschrift 2 ", "u-berschrift-2.json"], ["···", "workflow.json"]])("%o is kept as %o", (name, file) => {
    expect(fileName({ ...sum, name })).toBe(file);
  });

  test.each<[string, RegExp]>([
    ["{", /not JSON/],
    ["[]", /no workflow/],
    ["{}", /no list "nodes"/],
    ['{"nodes":[1]}', /Node 1 is no object/],
    ['{"nodes":[{"type":"A"}]}', /Node 1 has no id/],
    ['{"nodes":[{"id":"a"}]}', /"a", has no type/],
    ['{"nodes":[{"id":"a","type":"A","inputs":[]}]}', /inputs of "a"/],
    ['{"nodes":[{"id":"a","type":"A"},{"id":"a","type":"A"}]}', /Two nodes/],
    ['{"nodes":[],"edges":{}}', /"edges" is not a list/],
    ['{"nodes":[],"edges":[{"source":"a"}]}', /no source_output, no target, no target_input/],
    ['{"nodes":[],"edges":[{"source":"a","source_output":"o","target":"b","target_input":"i"}]}', /no such node/],
  ])("%s says what is wrong", (text, fault) => {
    const read = readWorkflow(text);
    expect("faults" in read && read.faults.join("\n")).toMatch(fault);
  });

  test("of many faults the first are told and the rest counted", () => {
    const read = readWorkflow(JSON.stringify({ nodes: Array.from({ length: 30 }, () => 1) }));
    expect("faults" in read && read.faults.at(-1)).toBe("…and 22 more.");
  });

  test("what is only for looks and not sound is left out", () => {
    const read = readWorkflow('{"nodes":[{"id":"a","type":"A","position":"left","title":3}],"notes":[{}],"groups":"x"}', "Plan");
    expect(read).toEqual({ workflow: { name: "Plan", nodes: [{ id: "a", type: "A", inputs: {} }], edges: [], notes: [] } });
  });
});

describe("finding classes", () => {
  test("names are spaced, and found with and without the space", () => {
    expect(spaced("JsonPath")).toBe("Json Path");
    expect(findClasses(catalogue, "json path")[0]?.type).toBe("JsonPath");
    expect(findClasses(catalogue, "jsonp")[0]?.type).toBe("JsonPath");
    expect(findClasses(catalogue, "given").map(({ type }) => type)).toContain("NumberInput");
    expect(findClasses(catalogue, "xxxx")).toEqual([]);
    expect(findClasses(null, "")).toEqual([]);
  });

  test("only classes that fit are offered", () => {
    expect(findClasses(catalogue, "", { takes: "list" }).map(({ type }) => type)).toEqual(["JsonPath"]);
    expect(findClasses(catalogue, "", { gives: "number", takes: "integer" }).map(({ type }) => type)).toEqual(["NumberInput", "Math"]);
  });

  test("categories begin with inputs, and those that are not known come last", () => {
    expect(byCategory(catalogue.nodes).map(([category]) => category)).toEqual(["inputs", "maths", "data", "zebras"]);
  });
});

describe("the canvas", () => {
  const nodes = flowNodes([], sum);

  test("frames come first, and what stands in one is placed within it", () => {
    expect(nodes.map(({ id }) => id)).toEqual(["g", "n1", "n2", "m", "t", "note-1"]);
    expect(nodes.find(({ id }) => id === "m")).toMatchObject({ parentId: "g", position: at(50, 50) });
    expect(absolute(nodes, new Set(["m"])).get("m")).toEqual(at(400, 0));
  });

  test("what has not changed stays the same object", () => {
    const again = flowNodes(nodes, setInput(sum, "n1", "value", 2));
    expect(again.map((node, place) => node === nodes[place])).toEqual([true, false, true, true, true, true]);
    const edges = flowEdges([], sum, catalogue);
    expect(flowEdges(edges, { ...sum, name: "x" }, catalogue)).toEqual(edges);
    expect(flowEdges(edges, sum, catalogue)[0]).toBe(edges[0]);
    expect(edges[0]).toMatchObject({ className: "wf-type-number", sourceHandle: "value", targetHandle: "a" });
  });

  test("what is measured and chosen stays when a node changes", () => {
    const shown = nodes.map((node) => ({ ...node, selected: true, measured: { width: 10, height: 20 } }));
    const changed = flowNodes(shown, retitle(sum, "m", "Other"));
    expect(changed[3]).toMatchObject({ selected: true, measured: { width: 10, height: 20 } });
    expect(sizesOf(changed).get("m")).toEqual({ width: 10, height: 20 });
  });

  test("a node that is held is not torn away by what others do", () => {
    const held = nodes.map((node) => (node.id === "n1" ? { ...node, position: at(77, 77), dragging: true } : node));
    expect(flowNodes(held, setInput(sum, "n1", "value", 9))[1]).toMatchObject({ position: at(77, 77), data: { node: { inputs: { value: 9 } } } });
  });

  test("links of nodes that are not there are not drawn", () => {
    expect(flowEdges([], { ...sum, edges: [edge("gone", "o", "m", "a")] }, catalogue)).toEqual([]);
  });
});

describe("arranging", () => {
  const sizes = new Map(sum.nodes.map(({ id }) => [id, { width: 260, height: 120 }]));
  const arranged = arrange(sum, sizes, catalogue);
  const place = (id: string) => arranged.nodes.find((node) => node.id === id)?.position ?? at(0, 0);

  test("links go from left to right, and do not cross where they need not", () => {
    expect(place("n1").x + 260).toBeLessThan(place("m").x);
    expect(place("n1").y).toBeLessThan(place("n2").y);
    const crossed = arrange({ ...sum, edges: [edge("n1", "value", "m", "b"), edge("n2", "value", "m", "a")] }, sizes, catalogue);
    const [one, other] = crossed.nodes;
    expect(one?.position?.y).toBeGreaterThan(other?.position?.y ?? 0);
  });

  test("nothing covers anything, and a group is round its nodes", () => {
    const boxes = ["n1", "n2", "t"].map(place);
    for (const [index, one] of boxes.entries()) for (const other of boxes.slice(index + 1)) expect(Math.abs(one.x - other.x) >= 260 || Math.abs(one.y - other.y) >= 120).toBe(true);
    const [frame] = arranged.groups ?? [];
    expect(frame && place("m").x > frame.position.x && place("m").x + 260 < frame.position.x + frame.size.width).toBe(true);
    expect(arranged.nodes.find(({ id }) => id === "m")?.group).toBe("g");
    expect(arranged.notes?.[0]?.position.y).toBeLessThan(0);
  });

  test("a graph that goes round, an empty one, and one with links to nothing are arranged, too", () => {
    expect(arrange({ name: "", nodes: [], edges: [] }, new Map())).toMatchObject({ nodes: [], edges: [] });
    expect(arrange({ ...sum, edges: [...sum.edges, edge("m", "result", "n1", "value"), edge("m", "result", "m", "a"), edge("x", "o", "y", "i")] }, sizes).nodes).toHaveLength(4);
  });
});

describe("steps of undo", () => {
  test.each<[string, Parameters<typeof goesOn>, boolean]>([
    ["the first change", [null, "a", 0], false],
    ["another one on the same input", [{ about: "a", at: 0 }, "a", 100], true],
    ["one on another input", [{ about: "a", at: 0 }, "b", 100], false],
    ["one after a pause", [{ about: "a", at: 0 }, "a", PAUSE_MS + 1], false],
    ["one that stands alone", [{ about: null, at: 0 }, null, 0], false],
  ])("%s", (_, args, expected) => {
    expect(goesOn(...args)).toBe(expected);
  });
});
