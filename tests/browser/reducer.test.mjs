// The state of a session over recorded sequences of messages, and what a close code means; no browser, no server.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

/** A module of the page. Its files end in `.js` and have no package.json beside them, which node would want. */
function load(name) {
  const source = readFileSync(new URL(`../../static/${name}`, import.meta.url));
  return import(`data:text/javascript;base64,${source.toString("base64")}`);
}

const { cleared, disconnected, hasEnded, initial, reduce, sent } = await load("session.js");
const { afterClose, pauseBefore, reasonFor } = await load("socket.js");

const FORM = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const RETRY = "16fd2706-8baf-433b-82eb-8c7fada847da";
const CONFIRM = "886313e1-3b8a-5372-9b90-0c9aee199e5d";
const FIELDS = [{ name: "to_address", description: "Recipient email address", type: "email", value: null, required: true }];

/** A whole `long_running_task`, as its journal has it. */
const JOURNAL = [
  { type: "status", status: "running", attempt: 1 },
  { type: "stream", content: "Task started!" },
  { type: "request_user_input", request_id: FORM, fields: FIELDS },
  { type: "status", status: "waiting_input", attempt: 1 },
  { type: "answered", request_id: FORM, by: "websocket", values: { to_address: "a@b.example" } },
  { type: "status", status: "running", attempt: 1 },
  ...[1, 2, 3, 4, 5].map((step) => ({ type: "stream", content: `Processing email step ${step}/5...` })),
  { type: "task_failed", error: "Simulated task failure", can_retry: true, attempt: 1, request_id: RETRY },
  { type: "status", status: "waiting_retry", attempt: 1 },
  { type: "answered", request_id: RETRY, by: "websocket", value: true },
  { type: "status", status: "running", attempt: 2 },
  { type: "request_confirmation", request_id: CONFIRM, message: "Send it?", timeout: 30 },
  { type: "status", status: "waiting_confirmation", attempt: 2 },
  { type: "answered", request_id: CONFIRM, by: "http", value: true },
  { type: "status", status: "completed", attempt: 2 },
  { type: "task_completed", values: { to_address: "a@b.example" } },
].map((entry, place) => ({ ...entry, seq: place + 1, timestamp: 1000 + place }));

const upTo = (seq) => JOURNAL.slice(0, seq);
const seqOf = (type, status) => JOURNAL.find((entry) => entry.type === type && (!status || entry.status === status)).seq;
const texts = (state) => state.lines.map((line) => line.text);
const open = (state) => state.requests.filter((request) => !request.hidden).map((request) => request.kind);

/** What the server sends on attach to somebody who has everything up to `since`. */
function replayed(since, until, { dropped = 0, entries = JOURNAL.slice(since, until) } = {}) {
  const start = { type: "state_replay_start", count: entries.length, dropped, last_seq: until };
  return [start, ...entries, { type: "state_replay_complete" }];
}

const live = (until) => reduce(reduce(initial("s"), replayed(0, 0)), upTo(until));

test("a whole session ends with its result and asks nothing more", () => {
  const state = live(JOURNAL.length);
  assert.deepEqual(texts(state), ["Task started!", ...[1, 2, 3, 4, 5].map((step) => `Processing email step ${step}/5...`)]);
  assert.equal(state.status, "completed");
  assert.equal(state.attempt, 2);
  assert.deepEqual(state.outcome, { kind: "completed", values: { to_address: "a@b.example" }, at: 1000 + JOURNAL.length - 1 });
  assert.deepEqual(state.requests, []);
  assert.ok(hasEnded(state));
});

test("a replay gives the same state as having watched", () => {
  for (let until = 0; until <= JOURNAL.length; until += 1) {
    const watched = live(until);
    const back = reduce(initial("s"), replayed(0, until));
    assert.deepEqual({ ...back, notice: null }, { ...watched, notice: null }, `up to ${until}`);
  }
});

test("batches of any size give the same state", () => {
  const oneByOne = JOURNAL.reduce((state, entry) => reduce(state, [entry]), initial("s"));
  assert.deepEqual(oneByOne, reduce(initial("s"), JOURNAL));
});

test("a question stays hidden until the replay is over, and answered ones never show", () => {
  const asked = seqOf("request_user_input");
  const [start, ...rest] = replayed(0, asked);
  const half = reduce(initial("s"), [start, ...rest.slice(0, -1)]);
  assert.deepEqual(open(half), []);
  assert.equal(half.replay.count, asked);
  assert.equal(half.replay.done, asked);
  assert.deepEqual(open(reduce(half, rest.slice(-1))), ["input"]);
  const later = reduce(initial("s"), replayed(0, seqOf("status", "waiting_retry")));
  assert.deepEqual(open(later), ["retry"]);
  assert.equal(later.notice, null);
});

test("a retry is offered with its attempt and error, then closes", () => {
  const state = live(seqOf("task_failed"));
  const [retry] = state.requests;
  assert.deepEqual([retry.kind, retry.attempt, retry.error], ["retry", 1, "Simulated task failure"]);
  assert.equal(state.outcome, null);
  assert.deepEqual(live(seqOf("task_failed") + 2).requests, []);
});

test("a failure without a retry is the end", () => {
  const last = { type: "task_failed", error: "No", can_retry: false, attempt: 3, seq: 1, timestamp: 1 };
  const state = reduce(initial("s"), [last]);
  assert.deepEqual(state.outcome, { kind: "failed", text: "No", at: 1 });
  assert.deepEqual(state.requests, []);
});

test("an answer of somebody else closes the question and says so; one's own does not", () => {
  const asked = live(seqOf("request_user_input"));
  const answered = JOURNAL[asked.seq + 1];
  const elsewhere = reduce(asked, [JOURNAL[asked.seq], answered]);
  assert.deepEqual(elsewhere.requests, []);
  assert.match(elsewhere.notice.text, /^Answered elsewhere/);
  const own = reduce(sent(asked, FORM), [JOURNAL[asked.seq], answered]);
  assert.deepEqual(own.requests, []);
  assert.equal(own.notice, null);
});

test("a question that is answered while this page was away is pointed out after the reconnect", () => {
  const asked = disconnected(live(seqOf("request_user_input")));
  const state = reduce(asked, replayed(asked.seq, asked.seq + 2));
  assert.deepEqual(state.requests, []);
  assert.match(state.notice.text, /^Answered elsewhere/);
});

test("one's own answer that arrived just before the connection broke is not taken for another's", () => {
  const asked = disconnected(sent(live(3), FORM));
  assert.equal(reduce(asked, replayed(3, 6)).notice, null);
});

test("whoever comes second is told who won", () => {
  const asked = sent(live(seqOf("request_confirmation")), CONFIRM);
  const winner = { by: "http", value: false };
  const state = reduce(asked, [{ type: "error", code: "already_answered", message: "already answered", winner }]);
  assert.match(state.notice.text, /faster: no \(http\)/);
  assert.equal(state.requests[0].sending, false);
  const answered = { type: "answered", request_id: CONFIRM, by: "http", value: false, seq: asked.seq + 1, timestamp: 1 };
  assert.match(reduce(state, [answered]).notice.text, /^Answered elsewhere/);
});

test("a time-out is told as one", () => {
  const asked = live(seqOf("request_confirmation"));
  assert.equal(asked.requests[0].deadline, JOURNAL[asked.seq - 1].timestamp + 30);
  const state = reduce(asked, [
    { type: "answered", request_id: CONFIRM, by: "timeout", value: false, timed_out: true, seq: asked.seq + 1, timestamp: 1 },
  ]);
  assert.match(state.notice.text, /^Nobody answered in time: no/);
});

test("rejected values leave the question open, with the errors", () => {
  const errors = [{ field: "to_address", message: "is not an email address" }];
  const state = reduce(sent(live(3), FORM), [{ type: "input_rejected", request_id: FORM, errors }]);
  assert.deepEqual(state.requests[0].errors, errors);
  assert.equal(state.requests[0].sending, false);
  assert.deepEqual(sent(state, FORM).requests[0].errors, []);
});

test("a reconnect doubles no line, whatever the server repeats", () => {
  const before = disconnected(live(9));
  for (const since of [0, 4, 8, 9]) {
    const state = reduce(before, replayed(since, JOURNAL.length));
    assert.deepEqual(texts(state), texts(live(JOURNAL.length)), `since ${since}`);
    assert.equal(state.seq, JOURNAL.length);
  }
});

test("an answer that was on its way when the connection broke can be given again", () => {
  const state = disconnected(sent(live(3), FORM));
  assert.equal(state.requests[0].sending, false);
  assert.deepEqual(open(reduce(state, replayed(3, 3))), ["input"]);
});

test("a missing message is noticed, and nothing after it is taken", () => {
  const state = reduce(live(6), [JOURNAL[7], JOURNAL[8]]);
  assert.equal(state.broken, "gap");
  assert.equal(state.seq, 6);
  const mended = reduce(state, replayed(6, 11));
  assert.equal(mended.broken, null);
  assert.deepEqual(texts(mended), texts(live(11)));
});

test("a journal that is shorter than what is known is another one", () => {
  assert.equal(reduce(live(9), replayed(0, 0)).broken, "lost");
});

test("a snapshot leaves messages out and says how many", () => {
  const entries = JOURNAL.slice(7, 13);
  const state = reduce(initial("s"), replayed(0, 13, { dropped: 7, entries }));
  assert.equal(state.dropped, 7);
  assert.equal(state.seq, 13);
  assert.equal(state.broken, null);
  assert.deepEqual(open(state), ["retry"]);
});

test("clearing empties the stream, and numbers go on", () => {
  const state = reduce(cleared(live(7)), JOURNAL.slice(7, 8));
  assert.equal(state.cleared, 2);
  assert.deepEqual(texts(state), ["Processing email step 2/5..."]);
});

test("unknown types are ignored but keep their place", () => {
  const state = reduce(live(2), [{ type: "phase_started", phase: "x", seq: 3, timestamp: 1 }, { type: "news" }]);
  assert.equal(state.seq, 3);
  assert.equal(state.broken, null);
});

test("the state before is not touched", () => {
  const before = live(9);
  const copy = structuredClone(before);
  reduce(sent(before, FORM), JOURNAL.slice(9));
  cleared(before);
  assert.deepEqual(before, copy);
});

test("a cancel and a recovery are told", () => {
  const recovered = { type: "recovered", cause: "the server was restarted", steps_in_doubt: ["send"], seq: 3, timestamp: 1 };
  const cancelled = { type: "task_cancelled", reason: "stopped", seq: 4, timestamp: 2 };
  const state = reduce(live(2), [recovered, cancelled]);
  assert.match(state.notice.text, /restarted.*send/);
  assert.deepEqual(state.outcome, { kind: "cancelled", text: "stopped", at: 2 });
});

test("the range of a close code says what to do", () => {
  for (const code of [1001, 1005, 1006, 1011, 1013, 4000, 4408, 4410, 4429, 4499]) assert.equal(afterClose(code), "reconnect", code);
  for (const code of [1002, 1009, 4500, 4501, 4503, 4504, 4509, 4999]) assert.equal(afterClose(code), "stop", code);
  assert.equal(afterClose(1000), "done");
  assert.match(reasonFor(4777, "closed for repairs"), /closed for repairs/);
});

test("pauses grow, are jittered and bounded", () => {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    const [least, most] = [pauseBefore(attempt, 1006, 0), pauseBefore(attempt, 1006, 1)];
    assert.ok(least >= 250 && most <= 20_000 && most === 2 * least);
  }
  assert.ok(pauseBefore(3, 1006, 0) > pauseBefore(0, 1006, 1));
  assert.ok(pauseBefore(0, 1013, 0) >= 3000);
});
