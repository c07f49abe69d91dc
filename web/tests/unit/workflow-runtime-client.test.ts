// The client's side of workflows: the connection, what is known of nodes, and the calls.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CallboardError, createClient, type Connection, type WorkflowMessage } from "../../client/src/index";
import { WorkflowModel } from "../../client/src/workflows/model";
import { FakeSocket, fakeFetch } from "./fake";

const CONNECTED = { phase: "live", transport: "websocket", roundTrip: null, until: null, attempt: 0, reason: "", code: null } as const;

const nodeState = (node_id: string, state: string, data: object = {}, session_id?: string): WorkflowMessage =>
  ({ type: "node_state", timestamp: 1, data: { workflow_id: "w", node_id, state, data: { runs: 1, ...data }, ...(session_id && { session_id }) } }) as WorkflowMessage;
const event = (name: string, data: object = {}): WorkflowMessage => ({ type: "workflow_event", event: name, timestamp: 1, data: { workflow_id: "w", node_count: 1, ...data } }) as WorkflowMessage;
const status = (more: object = {}): WorkflowMessage =>
  ({ type: "execution_status", seq: 1, timestamp: 1, data: { workflow_id: "w", is_running: true, state: "running", execution_count: 7, results: {}, ...more } }) as WorkflowMessage;

function model(...messages: WorkflowMessage[]): WorkflowModel {
  const made = new WorkflowModel("w", CONNECTED);
  for (const message of messages) made.take(message);
  return made;
}

describe("what is known of a workflow", () => {
  test("begins with the status, and follows node by node", () => {
    const known = model(status({ results: { A: { text: "x" } }, node_states: { A: { state: "cached", runs: 3 }, B: { state: "error", runs: 1, error: "no" } }, inputs: { A: { text: "x" } } }));
    expect(known.nodes().get("A")).toMatchObject({ state: "cached", runs: 3, result: { text: "x" } });
    expect(known.nodes().get("B")).toMatchObject({ state: "error", error: "no" });
    expect(known.input("A", "text")).toBe("x");
    expect([...known.changes()].sort()).toEqual(["A", "B"]);
    known.take(nodeState("A", "completed", { result: { text: "y" }, runs: 4 }));
    expect(known.nodes().get("A")).toMatchObject({ state: "completed", result: { text: "y" }, runs: 4 });
    expect([...known.changes()]).toEqual(["A"]);
    expect([...known.changes()]).toEqual([]);
  });

  test("a new status takes the place of all that was known", () => {
    const known = model(status({ node_states: { A: { state: "error" } } }), status({ node_states: { B: { state: "completed" } } }));
    expect([...known.nodes().keys()]).toEqual(["B"]);
    expect(known.changes()).toContain("A");
  });

  test("a server that was restarted is why something is not live any more", () => {
    const gone = status({ is_running: false, state: "stopped", execution_count: 0 });
    expect(model(status(), gone).state().live).toMatchObject({ state: "stopped", count: 7, reason: "the server was restarted" });
    const stopped = event("continuous_stopped", { execution_count: 9, author: "ana" });
    expect(model(status(), stopped, gone).state().live).toMatchObject({ state: "stopped", count: 9, author: "ana", reason: null });
    expect(model(gone).state().live).toMatchObject({ count: 0, reason: null });
  });

  test("an update has the results of those that changed, and leaves the others", () => {
    const known = model(status({ results: { A: { value: 1 }, B: { value: 2 } } }));
    known.take({ type: "continuous_update", seq: 1, timestamp: 1, data: { workflow_id: "w", execution_count: 9, status: "completed", data: { execution_time: 0.001, rate: 50, iterations: 2, results: { A: { value: 5 } } } } });
    expect(known.nodes().get("A")?.result).toEqual({ value: 5 });
    expect(known.nodes().get("B")?.result).toEqual({ value: 2 });
    expect(known.state().live).toMatchObject({ count: 9, rate: 50, took: 0.001 });
  });

  test("an update says how the workflow goes on", () => {
    const known = model(status());
    const update = (state?: "parked" | "paused"): WorkflowMessage => ({ type: "continuous_update", seq: 1, timestamp: 1, data: { workflow_id: "w", execution_count: 8, status: "completed", data: { ...(state && { state }) } } });
    known.take(update());
    expect(known.state().live).toMatchObject({ state: "running" });
    known.take(update("parked"));
    expect(known.state().live).toMatchObject({ state: "parked" });
    known.take(update("paused"));
    expect(known.state().live).toMatchObject({ state: "paused" });
  });

  test("a status with a gap takes the place of all that was known", () => {
    const known = model(status({ inputs: { A: { text: "old" } } }), nodeState("B", "executing"));
    known.take({ ...status({ execution_count: 90, results: { A: { text: "new" } }, last_seq: 400, gap: true }), seq: 400, gap: true } as WorkflowMessage);
    expect(known.state().live).toMatchObject({ state: "running", count: 90 });
    expect([...known.nodes().keys()]).toEqual(["A"]);
    expect(known.input("A", "text")).toBeUndefined();
  });

  test("an answer that comes late does not say again that it runs", () => {
    const known = model(event("continuous_started"));
    known.take({ type: "continuous_update", seq: 1, timestamp: 1, data: { workflow_id: "w", execution_count: 1, status: "completed", data: { state: "parked" } } });
    const answer = { workflow_id: "w", is_running: true, state: "running", results: {}, interval_ms: 100, version: 1, node_count: 1, node_states: {}, inputs: {}, last_seq: 0 } as const;
    known.stands({ ...answer, execution_count: 0 });
    expect(known.state().live).toMatchObject({ state: "parked", count: 1, intervalMs: 100 });
    known.stands({ ...answer, execution_count: 1, is_running: false, state: "stopped" });
    expect(known.state().live.state).toBe("stopped");
  });

  test("a run once is shown while the workflow is not live, and gives way while it is", () => {
    const known = model(event("execution_started", { session_id: "s", author: "ana" }), nodeState("A", "executing", {}, "s"), nodeState("A", "error", {}, "other"));
    expect(known.nodes().get("A")?.state).toBe("executing");
    expect(known.state().run).toEqual({ sessionId: "s", state: "running", reason: null, author: "ana" });
    known.take(event("continuous_started"));
    expect(known.nodes().size).toBe(0);
    known.take(event("execution_failed", { session_id: "s", reason: "A: no" }));
    known.take(event("continuous_stopped", { reason: "max_iterations" }));
    expect(known.state().live).toMatchObject({ state: "stopped", reason: "max_iterations" });
    expect(known.state().run).toMatchObject({ state: "failed", reason: "A: no" });
    // The last live values stay until something else is chosen or run.
    expect(known.nodes().size).toBe(0);
    known.choose("s");
    expect(known.nodes().get("A")?.state).toBe("idle");
  });

  test("a chosen run stays also while the workflow is live, and the latest comes back after it", () => {
    const known = model(status(), nodeState("A", "completed"));
    known.choose("past");
    known.learn("past", { states: { A: { state: "error", runs: 1, error: "no" }, B: { state: "executing", runs: 0 } } });
    expect(known.state()).toMatchObject({ isChosen: true, showsRun: true });
    known.ended("past", "failed", "A: no");
    expect([known.nodes().get("A")?.state, known.nodes().get("B")?.state]).toEqual(["error", "idle"]);
    known.take(event("execution_started", { session_id: "new" }));
    known.take(nodeState("A", "executing"));
    expect(known.nodes().get("A")?.state).toBe("error");
    known.choose(null);
    expect(known.state()).toMatchObject({ isChosen: false, showsRun: false, run: { sessionId: "new" } });
    expect(known.nodes().get("A")?.state).toBe("executing");
  });

  test("of a node the socket knows newer things than the journal, until the connection was lost", () => {
    const known = model();
    known.found("s");
    known.take(nodeState("A", "completed", { result: { x: 1 } }, "s"));
    known.learn("s", { states: { A: { state: "executing", runs: 0 }, B: { state: "completed", runs: 1 } } });
    expect([known.nodes().get("A")?.state, known.nodes().get("B")?.state]).toEqual(["completed", "completed"]);
    const phase = (name: string) => known.connected({ phase: name, transport: "websocket", roundTrip: null, until: null, attempt: 0, reason: "", code: null } as Connection);
    phase("reconnecting");
    phase("live");
    known.learn("s", { states: { A: { state: "error", runs: 2 } } });
    expect(known.nodes().get("A")?.state).toBe("error");
    known.runs("newer");
    known.found("s");
    expect(known.state().run?.sessionId).toBe("newer");
  });

  test("what the session of a run says fills in what the socket did not tell", () => {
    const known = model();
    known.runs("s");
    known.learn("s", { waiting: ["Ask-1"], outputs: null });
    expect(known.nodes().get("Ask-1")?.state).toBe("waiting");
    known.take(nodeState("B", "cached", { result: { value: 1 } }, "s"));
    known.learn("s", { waiting: [], outputs: { "Ask-1": { values: {} }, B: { value: 0 } } });
    expect(known.nodes().get("Ask-1")).toMatchObject({ state: "completed", result: { values: {} } });
    expect(known.nodes().get("B")).toMatchObject({ state: "cached", result: { value: 1 } });
    known.learn("another", { waiting: ["B"], outputs: null });
    expect(known.nodes().get("B")?.state).toBe("cached");
  });

  test("messages of other workflows and of later servers change nothing", () => {
    const known = model();
    known.take({ ...(nodeState("A", "error") as object), data: { workflow_id: "x", node_id: "A", state: "error", data: {} } } as WorkflowMessage);
    known.take({ type: "of a later server" } as unknown as WorkflowMessage);
    expect(known.nodes().size).toBe(0);
  });

  test("an older answer over HTTP does not take back what the socket has told of nodes", () => {
    const known = model(event("continuous_started"), nodeState("A", "completed", { result: { text: "x" } }));
    known.stands({ workflow_id: "w", is_running: false, state: "paused", execution_count: 0, results: {}, interval_ms: 50, version: 1, node_count: 1, node_states: {}, inputs: {}, last_seq: 0 });
    expect(known.nodes().get("A")?.result).toEqual({ text: "x" });
    expect(known.state().live).toMatchObject({ state: "paused", intervalMs: 50 });
  });

  test("an answer over HTTP that comes before the event begins the live workflow just the same", () => {
    const answer = { workflow_id: "w", is_running: true, state: "running", started_at: 5, execution_count: 1, results: {}, interval_ms: 50, version: 1, node_count: 1, node_states: {}, inputs: {}, last_seq: 0 } as const;
    const known = model(event("execution_started", { session_id: "s" }), nodeState("A", "completed", { result: { text: "once" } }, "s"), nodeState("A", "completed", { result: { text: "before" } }));
    known.stands(answer);
    expect(known.nodes().size).toBe(0);
    known.take({ ...event("continuous_started"), timestamp: 6 } as WorkflowMessage);
    known.take(nodeState("A", "completed", { result: { text: "live" } }));
    known.stands({ ...answer, is_running: false, state: "stopped" });
    expect(known.state().showsRun).toBe(false);
    expect(known.nodes().get("A")?.result).toEqual({ text: "live" });
    // An answer to the start that is older than its end.
    known.stands(answer);
    expect(known.state().live.state).toBe("stopped");
    // The event of the run's start comes late, too.
    known.take(event("execution_started", { session_id: "s" }));
    expect(known.state().showsRun).toBe(false);
    known.stands({ ...answer, started_at: 9 });
    expect(known.state().live).toMatchObject({ state: "running", startedAt: 9 });
  });

  test("why it does not come back is known until it is started", () => {
    const known = model();
    known.stands({ workflow_id: "w", is_running: false, state: "stopped", execution_count: 0, results: {}, interval_ms: 50, version: 1, node_count: 1, node_states: {}, inputs: {}, last_seq: 0, pause_reason: "it is in quarantine" });
    expect(known.state().live).toMatchObject({ state: "stopped", pauseReason: "it is in quarantine" });
    known.take(event("continuous_started"));
    expect(known.state().live).toMatchObject({ state: "running", pauseReason: null });
  });

  test("live inputs end with the live workflow", () => {
    const known = model(status(), event("workflow_updated", { change: "input", node_id: "A", input_name: "text", input_value: null }));
    expect(known.input("A", "text")).toBe(null);
    known.take(event("continuous_stopped"));
    expect(known.input("A", "text")).toBe(undefined);
  });
});

describe("a watched workflow", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    FakeSocket.made = [];
  });
  afterEach(() => void vi.useRealTimers());

  async function watched(stands: object = { workflow_id: "w", is_running: false, execution_count: 0, results: {}, state: "stopped" }) {
    const { fetch } = fakeFetch({ "GET /workflows/w/status": { body: stands } });
    const client = createClient({ baseUrl: "http://x", fetch, WebSocket: FakeSocket, random: () => 0 });
    const store = client.workflowStore("w", { clientId: "me" });
    const close = store.open();
    await vi.advanceTimersByTimeAsync(0);
    FakeSocket.last.open();
    await vi.advanceTimersByTimeAsync(20);
    return { store, close };
  }

  test("tells only those who asked about a node that changed, once for many messages", async () => {
    const { store, close } = await watched();
    const [a, b] = [vi.fn(), vi.fn()];
    store.subscribeNode("A", a);
    const forget = store.subscribeNode("B", b);
    FakeSocket.last.tell(status(), ...Array.from({ length: 100 }, (_, run) => nodeState("A", "completed", { runs: run })));
    expect(a).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(20);
    expect(a).toHaveBeenCalledTimes(1);
    expect(b).not.toHaveBeenCalled();
    expect(store.node("A")?.runs).toBe(99);
    forget();
    FakeSocket.last.tell(nodeState("B", "completed"));
    await vi.advanceTimersByTimeAsync(20);
    expect(b).not.toHaveBeenCalled();
    close();
    await vi.advanceTimersByTimeAsync(0);
    expect(FakeSocket.last.dropped).toBe(true);
  });

  test("of a thousand nodes each is told once a flush, and those that stay as they are keep their object", async () => {
    const { store } = await watched();
    const told = vi.fn();
    for (let node = 0; node < 1000; node += 1) store.subscribeNode(`N-${node}`, told);
    FakeSocket.last.tell(...Array.from({ length: 1000 }, (_, node) => nodeState(`N-${node}`, "completed", { result: { value: node } })));
    await vi.advanceTimersByTimeAsync(20);
    expect(told).toHaveBeenCalledTimes(1000);
    const before = store.node("N-999");
    FakeSocket.last.tell(nodeState("N-0", "cached"));
    await vi.advanceTimersByTimeAsync(20);
    expect(told).toHaveBeenCalledTimes(1001);
    expect(store.node("N-999")).toBe(before);
  });

  test("an input shows at once, and is what it was where the server refuses it", async () => {
    const { store } = await watched();
    FakeSocket.last.tell(status({ inputs: { A: { text: "old" } } }));
    await vi.advanceTimersByTimeAsync(20);
    const first = store.setInput("A", "text", "new");
    expect(store.input("A", "text")).toBe("new");
    expect(FakeSocket.last.sent.at(-1)).toEqual({ type: "input_update", data: { workflow_id: "w", node_id: "A", input_name: "text", input_value: "new" } });
    FakeSocket.last.tell({ type: "input_applied", timestamp: 1, data: { workflow_id: "w", node_id: "A", input_name: "text", execution_count: 8 } });
    await expect(first).resolves.toMatchObject({ execution_count: 8 });
    expect(store.input("A", "text")).toBe("new");
    const second = store.setInput("A", "text", 5);
    FakeSocket.last.tell({ type: "error", code: "invalid_value", message: "the value is no text", timestamp: 1 });
    await expect(second).rejects.toMatchObject({ code: "invalid_value", message: "the value is no text" });
    expect(store.input("A", "text")).toBe("new");
  });

  test("answers find their questions by node and input, and errors without a name the oldest", async () => {
    const { store } = await watched();
    const [one, two, three] = [store.setInput("A", "x", 1), store.setInput("B", "x", 2), store.setInput("C", "x", 3)];
    FakeSocket.last.tell({ type: "input_applied", timestamp: 1, data: { workflow_id: "w", node_id: "B", input_name: "x", execution_count: 2 } });
    await expect(two).resolves.toMatchObject({ node_id: "B" });
    FakeSocket.last.tell({ type: "error", code: "invalid_value", message: "no", data: { node_id: "C", input_name: "x" } });
    await expect(three).rejects.toMatchObject({ code: "invalid_value" });
    FakeSocket.last.tell({ type: "error", code: "unknown_node", message: "no" });
    await expect(one).rejects.toMatchObject({ code: "unknown_node" });
  });

  test("comes back after a break, and says of changes on their way that it does not know", async () => {
    const { store } = await watched();
    FakeSocket.last.tell(status({ node_states: { A: { state: "error" } } }));
    const change = store.setInput("A", "x", 1);
    const refused = expect(change).rejects.toBeInstanceOf(CallboardError);
    FakeSocket.last.end(1006);
    await refused;
    await vi.advanceTimersByTimeAsync(20);
    expect(store.getState().connection).toMatchObject({ phase: "reconnecting", reason: "The connection broke." });
    await vi.advanceTimersByTimeAsync(1000);
    expect(FakeSocket.made).toHaveLength(2);
    FakeSocket.last.open();
    await vi.advanceTimersByTimeAsync(40);
    // The server said nothing on the socket, and over HTTP that it is not live.
    expect(store.getState().live.state).toBe("stopped");
    expect(store.node("A")).toBe(undefined);
  });

  test("what the socket says counts more than what was asked over HTTP", async () => {
    const { fetch } = fakeFetch({ "GET /workflows/w/status": { body: { workflow_id: "w", is_running: false, execution_count: 0, results: {}, state: "stopped" } } });
    const store = createClient({ baseUrl: "http://x", fetch, WebSocket: FakeSocket, random: () => 0 }).workflowStore("w");
    store.open();
    await vi.advanceTimersByTimeAsync(0);
    FakeSocket.last.open().tell(status());
    await vi.advanceTimersByTimeAsync(40);
    expect(store.getState().live).toMatchObject({ state: "running", count: 7 });
  });

  test("does not come back to a workflow that nobody knows", async () => {
    const { store } = await watched();
    FakeSocket.last.tell({ type: "error", code: "unknown_workflow", message: "there is no workflow with this id" }).end(4504);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.getState().connection).toMatchObject({ phase: "stopped", code: 4504, reason: "The server knows no workflow with this id." });
    expect(FakeSocket.made).toHaveLength(1);
  });

  test("is stale, then made anew, when the server says nothing", async () => {
    const { store } = await watched();
    FakeSocket.last.tell({ type: "pong", timestamp: 0 });
    await vi.advanceTimersByTimeAsync(10_000 + 4_100);
    expect(store.getState().connection.phase).toBe("stale");
    await vi.advanceTimersByTimeAsync(9_000);
    expect(FakeSocket.made.length).toBeGreaterThan(1);
  });
});

describe("the calls", () => {
  test("ask the right paths, with version and author", async () => {
    const { fetch, asked } = fakeFetch({
      "PUT /workflows/a%20b?draft=true": { body: {} }, "POST /workflows/w/run": { body: { session_id: "s" } }, "POST /workflows/w/continuous/start": { body: {} },
      "DELETE /workflows/w": { status: 204 }, "GET /workflows?limit=5&cursor=c": { body: { workflows: [] } },
    });
    const { workflows } = createClient({ baseUrl: "http://x", fetch });
    await workflows.save("a b", { name: "n", nodes: [], edges: [] }, { draft: true, version: 3, author: "ana" });
    await workflows.run("w", { idempotencyKey: "k", inputs: { A: { x: 1 } } });
    await workflows.start("w", { interval_ms: 5 }, { author: "ana" });
    await workflows.remove("w");
    await workflows.list({ limit: 5, cursor: "c" });
    expect(asked[0]).toMatchObject({ headers: { "If-Match": '"3"', "X-Client-Id": "ana" }, body: { name: "n" } });
    expect(asked[1]).toMatchObject({ headers: { "Idempotency-Key": "k" }, body: { inputs: { A: { x: 1 } } } });
    expect(asked[2]).toMatchObject({ headers: { "X-Client-Id": "ana" }, body: { interval_ms: 5 } });
  });

  test("the states of a run are read from its journal, page by page", async () => {
    const entry = (seq: number, nodes?: object) => ({ type: nodes ? "node_states" : "stream", seq, ...(nodes && { nodes }) });
    const { fetch } = fakeFetch({
      "GET /sessions/s/events?since=0&limit=1000": { body: { events: [entry(1, { A: { state: "waiting", runs: 0 }, B: { state: "idle", runs: 0 } }), entry(2)], last_seq: 3 } },
      "GET /sessions/s/events?since=2&limit=1000": { body: { events: [entry(3, { A: { state: "completed", runs: 1 } })], last_seq: 3 } },
    });
    expect(await createClient({ baseUrl: "http://x", fetch }).workflows.runStates("s")).toEqual({ A: { state: "completed", runs: 1 }, B: { state: "idle", runs: 0 } });
  });

  test("a graph's faults are an answer, other refusals are errors", async () => {
    const node_errors = { A: { class_type: "X", errors: [], dependent_outputs: [] } };
    const answers = [{ body: { valid: true, node_errors: {} } }, { body: { valid: false, node_errors } }, { status: 413, body: { code: "too_large", detail: "too large" } }];
    const { fetch } = fakeFetch({ "POST /workflows/validate?report=true": () => answers.shift() ?? new Error("over") });
    const { workflows } = createClient({ baseUrl: "http://x", fetch });
    const graph = { nodes: [], edges: [] };
    expect(await workflows.validate(graph)).toBe(null);
    expect(await workflows.validate(graph)).toEqual({ node_errors });
    await expect(workflows.validate(graph)).rejects.toMatchObject({ code: "too_large" });
  });
});
