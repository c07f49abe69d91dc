import { beforeEach, afterEach, describe, expect, test, vi } from "vitest";
import { createClient, type CrewTask, type Finding, type JournalEntry, type SessionStore, type StoredCrew } from "@callboard/client";
import { BoardModel, LINES_KEPT, runOf } from "../../src/views/agents/runs/board";
import { chainOf, graphOf, inputNames } from "../../src/views/agents/crews/order";
import { isRead } from "../../src/views/agents/crews/folder";
import { inputsOf } from "../../src/views/agents/crews/Kickoff";
import { byWeight } from "../../src/views/agents/audits/Findings";
import { readable } from "../../src/views/agents/audits/Lanes";
import { lineOf, linesOf, markIn, placeWords } from "../../src/views/agents/audits/place";
import { fakeFetch, FakeSocket } from "./fake";

let seq = 0;
const entry = (type: string, lane: string, more: object = {}): JournalEntry => ({ type, lane, seq: ++seq, timestamp: seq, ...more }) as unknown as JournalEntry;
const boardOf = (...entries: JournalEntry[]) => new BoardModel().upTo(entries, entries.length);
const started = (lane: string, agent_id = "a", task = "t") => entry("agent_started", lane, { agent_id, task });
const usage = { prompt_tokens: 10, completion_tokens: 5 };
const turn = (lane: string, more: object = {}) => entry("agent_turn", lane, { agent_id: "a", task: "t", call_id: "c", turn: 1, text: "Hi", tool_calls: [], finish_reason: "stop", usage, ...more });

describe("the board", () => {
  test("an entry belongs to the run whose lane it is within, the innermost one", () => {
    const inner = "task/t/round-1/try-1/delegate-1";
    const { runs } = boardOf(started("task/t"), entry("task.assigned", inner, { by: "a" }), started(inner, "b", "dig"), turn(`${inner}/round-1/try-1`), turn("task/t/round-1/try-1"));
    expect(runs.map(({ agentId, by, turns, tokens }) => [agentId, by, turns, tokens])).toEqual([["a", null, 1, 15], ["b", "a", 1, 15]]);
    expect(runOf(runs, `${inner}/round-1`)?.agentId).toBe("b");
    expect(runOf(runs, "task/other")).toBeNull();
    // A name that begins like another one is another one.
    expect(runOf(runs, "task/t2/round-1")).toBeNull();
  });

  test("a result stands with the call that it is of, also where ids are the same in another turn", () => {
    const lane = "task/t/round-1/try-1";
    const calls = [{ id: "x", name: "read_file", arguments: { path: "a" } }];
    const { runs } = boardOf(
      started("task/t"), turn(lane, { tool_calls: calls }), entry("tool_result", lane, { agent_id: "a", call_id: "x", tool: "read_file", ok: true, text: "one" }),
      turn(lane, { tool_calls: calls }), entry("tool_result", lane, { agent_id: "a", call_id: "x", tool: "read_file", ok: false, text: "two" }),
    );
    expect(runs[0]?.steps.map((step) => step.kind === "turn" && step.tools[0]?.result)).toEqual([{ ok: true, text: "one" }, { ok: false, text: "two" }]);
  });

  test("a turn says what is not as it should be with its reply", () => {
    const { runs } = boardOf(started("task/t"), turn("task/t/round-1"), turn("task/t/round-1", { warnings: ["length"] }));
    expect(runs[0]?.steps.map((step) => step.kind === "turn" && step.warnings)).toEqual([[], ["length"]]);
  });

  test("a question has its answer, and what is not of a run is of nobody", () => {
    const { runs } = boardOf(
      started("task/t"), entry("request_confirmation", "task/t/round-1", { request_id: "q", message: "Good?" }), entry("request_confirmation", "", { request_id: "r", message: "?" }),
      entry("answered", "", { request_id: "q", by: "ada", value: false }),
    );
    expect(runs[0]?.steps).toMatchObject([{ kind: "question", message: "Good?", answer: "No, by ada" }]);
  });

  test("one that fails leaves the others, and the end of the session ends those at work", () => {
    const entries = [started("agent/a"), started("agent/b", "b"), entry("agent_error", "agent/a", { agent_id: "a", error: "model: gone" })];
    const model = new BoardModel();
    expect(model.upTo(entries, 3).runs.map(({ status }) => status)).toEqual(["failed", "working"]);
    entries.push(entry("task_cancelled", "", { reason: "" }));
    expect(model.upTo(entries, 4).runs.map(({ status, error }) => [status, error])).toEqual([["failed", "model: gone"], ["cancelled", null]]);
  });

  test("only what has changed is another object", () => {
    const entries = [started("agent/a"), started("agent/b", "b")];
    const model = new BoardModel();
    const before = model.upTo(entries, 2);
    expect(model.upTo(entries, 2)).toBe(before);
    entries.push(entry("progress", "agent/b/round-1", { done: 1, total: 2, label: "" }));
    const after = model.upTo(entries, 3);
    expect(after.runs[0]).toBe(before.runs[0]);
    expect(after.runs[1]).not.toBe(before.runs[1]);
    expect(before.runs[1]?.progress).toBeNull();
  });

  test("of many lines the latest are kept, and the rest is counted", () => {
    const lines = Array.from({ length: LINES_KEPT + 50 }, (_, place) => entry("stream", "agent/a/round-1", { content: `line ${place}` }));
    const [run] = boardOf(started("agent/a"), turn("agent/a/round-1"), ...lines).runs;
    expect(run?.steps).toHaveLength(LINES_KEPT);
    expect(run?.linesDropped).toBe(51);
    expect(run?.steps[0]?.kind).toBe("turn");
    expect(run?.steps.at(-1)).toMatchObject({ text: `line ${LINES_KEPT + 49}` });
  });

  test("the budget is what was spent and what is left", () => {
    const board = boardOf(entry("task.progress", "task/t", { tokens: 30, spent: { total_tokens: 30, turns: 2, seconds: 1.5, cost: 0.25 }, budget_left: { tokens: 70, cost: 0.75 } }));
    expect(board.spent).toEqual({ tokens: 30, turns: 2, seconds: 1.5, cost: 0.25 });
    expect(board.budget).toEqual({ tokens: 100, turns: null, seconds: null, cost: 1 });
  });

  test("what is no finding is none, and what lacks a place is at the beginning", () => {
    const finding = (of: unknown) => entry("agent_event", "agent/a/round-1", { agent_id: "a", data: { kind: "finding", finding: of } });
    const [run] = boardOf(started("agent/a"), finding({ severity: "fatal", message: "x" }), finding(null), finding({ severity: "error", message: "Wrong" }), finding({ severity: "info", message: "So", location: { line: 7, page: 0, row: "x" } })).runs;
    expect(run?.findings.map(({ message, location }) => [message, location])).toEqual([["Wrong", { line: 1 }], ["So", { line: 7 }]]);
  });
});

describe("the tasks of a crew", () => {
  const task = (name: string, more: Partial<CrewTask> = {}): CrewTask => ({
    name, description: "", agent: null, expected_output: null, context: null, async_execution: false, human_input: false, output_schema: null, guardrail: null, guardrail_max_retries: 3, ...more,
  });
  const arrows = (tasks: CrewTask[]) => graphOf(tasks, ["a", "b"]).arrows.map(({ from, to, isWait }) => `${from}${isWait ? "~" : ">"}${to}`);

  test("each gets all before it, of which only the nearest are drawn", () => {
    expect(arrows([task("one"), task("two"), task("three")])).toEqual(["one>two", "two>three"]);
  });

  test("asynchronous ones run beside each other, and meet again", () => {
    expect(arrows([task("plan"), task("left", { async_execution: true }), task("right", { async_execution: true }), task("join")])).toEqual(["plan>left", "plan>right", "left>join", "right>join"]);
  });

  test("one that names its context waits for those before it all the same", () => {
    expect(arrows([task("one"), task("two", { context: [] }), task("three", { context: ["one"] })])).toEqual(["one~two", "one>three", "two~three"]);
  });

  test("agents take turns where a task names none, unless somebody leads", () => {
    const tasks = [task("one"), task("two"), task("three", { agent: "c" })];
    expect(graphOf(tasks, ["a", "b"]).nodes.map(({ agent }) => agent)).toEqual(["a", "b", "c"]);
    expect(graphOf(tasks, ["a"], "boss").nodes.map(({ agent }) => agent)).toEqual(["boss", "boss", "boss"]);
    expect(graphOf([task("one")], []).nodes[0]?.agent).toBeNull();
  });

  test("without a crew they follow each other as they were seen", () => {
    expect(chainOf([{ name: "research", agent: "r" }, { name: "planning", agent: "p" }]).arrows).toEqual([{ from: "research", to: "planning", isWait: false }]);
  });

  test("its inputs are those that its texts and its members name, with the values that it has", () => {
    expect(inputNames(["About {topic} and {topic}, in {year_2}", null, "{not this} {} {{x}}"])).toEqual(["topic", "year_2", "x"]);
    const crew = { tasks: [task("one", { description: "Write about {topic} for {reader}" })], agents: ["a"], manager_agent: null, inputs: { reader: "children", depth: 3 } } as unknown as StoredCrew;
    const agents = [{ id: "a", role: "{trade}", goal: "" }, { id: "other", role: "{never}", goal: "" }] as never;
    expect(inputsOf(crew, agents).map(({ name, value, required }) => [name, value, required])).toEqual([["reader", "children", false], ["depth", "3", false], ["topic", null, true], ["trade", null, true]]);
  });
});

test("of a folder only what a project is read from is taken", () => {
  const taken = ["crew.jsonc", "agents/writer.jsonc", "src/config/tasks.yaml", "a.YML", "main.py", ".env", ".venv/lib/x.yaml", "node_modules/y/package.json"].filter(isRead);
  expect(taken).toEqual(["crew.jsonc", "agents/writer.jsonc", "src/config/tasks.yaml", "a.YML"]);
});

describe("the place of a finding", () => {
  const finding = (more: Partial<Finding>): Finding => ({ severity: "error", rule: "r", message: "m", location: { line: 1 }, evidence: "", ...more });
  const marked = (text: string, of: Partial<Finding>, mediaType = "text/markdown"): string | null => {
    const mark = markIn(text, finding(of), mediaType);
    return mark && text.slice(...mark);
  };

  test("is the cell of a row, the words that are quoted, or the whole line", () => {
    expect(marked("| Total | 7,000 | 6,465 |", { location: { line: 1, column: 18 }, evidence: '"Total", "2023": 6,465' })).toBe("6,465");
    expect(marked("We have three sites:", { location: { line: 1, column: 1 }, evidence: "have three sites:" })).toBe("have three sites:");
    expect(marked("Sales grew by 5 %.", { location: { line: 1, column: 1 } })).toBeNull();
    expect(marked('Total,"7,000",6465', { location: { line: 1, column: 7, cell: 2 } }, "text/csv")).toBe('"7,000"');
    expect(marked('Umsatz 💶,"7,000",6465', { location: { line: 1, column: 10 } }, "text/csv")).toBe('"7,000"');
    expect(marked("| Total | 7,000 | 6,465 |", { location: { line: 1, column: 3 }, actual: "6465" })).toBe("6,465");
    expect(marked("Total      7,000    6,465", { location: { line: 1, column: 21 } }, "text/plain")).toBe("6,465");
    expect(marked("| Total | 6,465 |", { actual: "6465" }, "application/pdf")).toBe("6,465");
    expect(marked("| a | b | c |", { location: { line: 1, cell: 2 } }, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")).toBe("b");
    expect(marked("", { actual: "1", location: { line: 1, column: 99 } })).toBeNull();
  });

  test("is named as people of that kind of document name places", () => {
    expect(placeWords({ line: 12, table: 1, row: 5 }, "text/markdown")).toBe("Line 12");
    expect(placeWords({ line: 7, page: 3 }, "application/pdf")).toBe("Page 3, line 7");
    expect(placeWords({ line: 5, page: 2 }, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")).toBe("Sheet 2, row 5");
    expect(placeWords({ line: 90, table: 4, row: 2 }, "text/html")).toBe("Table 4, row 2");
  });

  test("is found in the lines of a source, and among pages, tables and rows", () => {
    expect(linesOf("a\r\nb\n\nc\n").map(({ text, line }) => [text, line])).toEqual([["a", 1], ["b", 2], ["", 3], ["c", 4]]);
    expect(lineOf(linesOf("a\nb"), { line: 2 }, "text/markdown")).toBe(1);
    expect(lineOf(linesOf("a\nb"), { line: 9 }, "text/markdown")).toBe(-1);
    const read = [{ text: "x", line: 1, page: 1 }, { text: "y", line: 5, page: 1 }, { text: "z", line: 1, page: 2 }, { text: "| r |", line: 4, page: 2, table: 1, row: 2 }];
    expect(lineOf(read, { line: 4, page: 2, table: 1, row: 2 }, "application/pdf")).toBe(3);
    expect(lineOf(read, { line: 3, page: 1 }, "application/pdf")).toBe(0);
    expect(lineOf(read, { line: 1, page: 2 }, "application/pdf")).toBe(2);
  });

  test("the worst come first, and then those further up", () => {
    const found = (severity: Finding["severity"], line: number, seq: number) => ({ ...finding({ severity, location: { line } }), seq, agentId: "a" });
    expect([found("info", 1, 1), found("error", 9, 2), found("warning", 2, 3), found("error", 3, 4)].sort(byWeight).map(({ seq: of }) => of)).toEqual([4, 2, 3, 1]);
  });
});

test("a draft of findings is read by what they say, and prose as it is", () => {
  expect(readable("The total is wrong")).toBe("The total is wrong");
  expect(readable('{"findings":[{"seve')).toBe("Writing its findings…");
  expect(readable('{"findings":[{"message":"Not \\"so\\"","rule":"x"},{"message":"And th')).toBe('Not "so"\nAnd th');
});

describe("drafts", () => {
  let store: SessionStore;
  let close = (): void => undefined;
  const frame = (): Promise<unknown> => vi.advanceTimersByTimeAsync(20);
  const delta = (part: number, text: string, more: object = {}) => ({ type: "agent_delta", agent_id: "a", call_id: "c", try: 1, part, text, lane: "task/t/round-1/try-1", save_state: false, timestamp: 1, ...more });
  const draft = () => store.getState().drafts.get("c");

  beforeEach(async () => {
    vi.useFakeTimers();
    FakeSocket.made = [];
    store = createClient({ baseUrl: "http://x", WebSocket: FakeSocket, fetch: fakeFetch({}).fetch, random: () => 0.5 }).store("s");
    close = store.open();
    await frame();
    FakeSocket.last.open().replay();
    await frame();
  });
  afterEach(() => {
    close();
    vi.useRealTimers();
  });

  test("grow part by part, once a frame, until the turn is there", async () => {
    let changes = 0;
    store.subscribe(() => (changes += 1));
    FakeSocket.last.tell(...Array.from({ length: 500 }, (_, place) => delta(place + 1, "x")));
    expect(changes).toBe(0);
    await frame();
    expect(changes).toBe(1);
    const before = store.getState().drafts;
    expect(draft()).toMatchObject({ text: "x".repeat(500), isPartial: false, agentId: "a" });
    FakeSocket.last.tell(delta(501, "y"));
    await frame();
    expect(before.get("c")?.text).toHaveLength(500);
    FakeSocket.last.tell({ type: "agent_turn", agent_id: "a", call_id: "c", task: "t", turn: 1, text: "x", tool_calls: [], finish_reason: null, usage, seq: 1, timestamp: 1 });
    await frame();
    expect(draft()).toBeUndefined();
  });

  test("begin anew with another try, and say where something is missing", async () => {
    FakeSocket.last.tell(delta(1, "old"), delta(1, "new", { try: 2 }), delta(2, " text", { try: 2 }), delta(2, " text", { try: 2 }));
    await frame();
    expect(draft()).toMatchObject({ text: "new text", try: 2, isPartial: false });
    FakeSocket.last.tell(delta(7, " later", { try: 2 }));
    await frame();
    expect(draft()).toMatchObject({ text: "new text later", isPartial: true });
  });

  test("go when their agent has failed, and when the session has ended", async () => {
    FakeSocket.last.tell(delta(1, "x"), { type: "agent_error", agent_id: "a", task: "t", error: "model: gone", lane: "task/t", seq: 1, timestamp: 1 });
    await frame();
    expect(draft()).toBeUndefined();
    FakeSocket.last.tell(delta(1, "x"), { type: "task_cancelled", reason: "", seq: 2, timestamp: 1 });
    await frame();
    expect(store.getState().drafts.size).toBe(0);
  });
});

describe("the calls", () => {
  test("an audit is sent as a form, once for each key", async () => {
    const sent: RequestInit[] = [];
    const fetch = (async (_: unknown, init: RequestInit) => (sent.push(init), new Response('{"audit_id":"i"}'))) as unknown as typeof globalThis.fetch;
    const { agents } = createClient({ baseUrl: "http://x", fetch });
    await agents.audit({ document: new Blob(["# A"]), name: "a.md", agents: ["numeric_validation"], idempotencyKey: "k" });
    const body = sent[0]?.body as FormData;
    expect([body.get("name"), body.get("agents"), (body.get("file") as File).name]).toEqual(["a.md", '["numeric_validation"]', "a.md"]);
    const headers = sent[0]?.headers as Record<string, string>;
    expect(headers["Idempotency-Key"]).toBe("k");
    // The platform writes it, with the boundary.
    expect(headers["Content-Type"]).toBeUndefined();
    expect(agents.reportUrl("i/x", "sarif")).toBe("http://x/audits/i%2Fx/report?format=sarif");
  });

  test("lists are read to their end", async () => {
    const { fetch } = fakeFetch({ "GET /api/v1/crews?limit=200": { body: { crews: [{ id: "a" }], next_cursor: "n" } }, "GET /api/v1/crews?limit=200&cursor=n": { body: { crews: [{ id: "b" }], next_cursor: null } } });
    expect((await createClient({ baseUrl: "http://x", fetch }).agents.crews()).map(({ id }) => id)).toEqual(["a", "b"]);
  });
});
