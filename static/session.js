/**
 * The state of one watched session, and how what the server says changes it.
 *
 * Pure: no clock, no network, no page. Every function gives a new state and leaves the old one as it was. Messages
 * come in batches, so that a batch copies the list of lines once.
 */

const PAST_KEPT = 200;

/** The state before anything was heard. */
export function initial(sessionId) {
  return Object.freeze({
    sessionId,
    /** The `seq` of the last journal message taken; the next connection asks for what comes after it. */
    seq: 0,
    status: null,
    attempt: 1,
    startedAt: null,
    lines: [],
    /** Lines that were cleared away; the numbers of later ones go on after them. */
    cleared: 0,
    progress: null,
    /** Open questions, oldest first: `{id, kind, message, fields, error, attempt, deadline, errors, sending, mine,
     * hidden}`. Those that are `mine` were answered here, though the answer may not have arrived.
     * Hidden ones belong to a replay that is not over, and may have their answer in it. */
    requests: [],
    /** How it ended: `{kind: "completed" | "failed" | "cancelled", values | text, at}`. */
    outcome: null,
    past: [],
    /** What is being replayed: `{count, done, last, sparse}`. */
    replay: null,
    /** Entries that the server left out of a snapshot. */
    dropped: 0,
    /** The last thing to point out: `{number, text, tone}`. */
    notice: null,
    /** Set when the messages do not join on to what is here: "gap" asks for the rest, "lost" for everything. */
    broken: null,
  });
}

/** The state after a batch of messages from the server. */
export function reduce(state, messages) {
  const draft = { ...state, added: [] };
  for (const message of messages) {
    if (draft.broken && message.type !== "state_replay_start") continue;
    if (typeof message.seq === "number") takeEntry(draft, message);
    else takeWord(draft, message);
  }
  const { added, ...next } = draft;
  if (added.length > 0) next.lines = draft.lines.concat(added);
  return Object.freeze(next);
}

/** The state once an answer to a question has been sent. */
export function sent(state, requestId) {
  return Object.freeze({ ...state, requests: change(state.requests, requestId, { sending: true, mine: true, errors: [] }) });
}

/** The state once the connection is gone: whatever was being sent may not have arrived. */
export function disconnected(state) {
  return Object.freeze({ ...state, replay: null, requests: nothingSent(state.requests) });
}

/** The state with the stream cleared; line numbers go on. */
export function cleared(state) {
  return Object.freeze({ ...state, cleared: state.cleared + state.lines.length, lines: [] });
}

/** Whether the session has ended for good. */
export function hasEnded(state) {
  return state.outcome !== null;
}

/** A message without a place in the journal. */
function takeWord(draft, message) {
  switch (message.type) {
    case "state_replay_start":
      draft.broken = message.last_seq < draft.seq ? "lost" : null;
      draft.replay = { count: message.count, done: 0, last: message.last_seq, sparse: message.dropped > 0 };
      draft.dropped = draft.seq === 0 ? message.dropped : draft.dropped;
      break;
    case "state_replay_complete":
      if (draft.replay?.sparse) draft.seq = Math.max(draft.seq, draft.replay.last);
      draft.replay = null;
      draft.requests = draft.requests.map((open) => (open.hidden ? Object.freeze({ ...open, hidden: false }) : open));
      break;
    case "input_rejected":
      draft.requests = change(draft.requests, message.request_id, { sending: false, mine: false, errors: message.errors });
      break;
    case "error":
      // Its close code says it, too.
      if (message.code === "unknown_session") break;
      draft.requests = draft.requests.map((open) => (open.sending ? Object.freeze({ ...open, sending: false, mine: false }) : open));
      tell(draft, complaint(message), "warn");
      break;
    default:
      break;
  }
}

/** A journal entry: taken once, and only in its turn. */
function takeEntry(draft, message) {
  if (message.seq <= draft.seq) return;
  if (message.seq > draft.seq + 1 && !draft.replay?.sparse) {
    draft.broken = "gap";
    return;
  }
  draft.seq = message.seq;
  if (draft.replay) draft.replay = { ...draft.replay, done: draft.replay.done + 1 };
  draft.startedAt ??= message.timestamp;
  takeJournal(draft, message);
}

function takeJournal(draft, message) {
  switch (message.type) {
    case "status":
      draft.status = message.status;
      if (message.attempt > draft.attempt) remember(draft, message, `Attempt ${message.attempt} began`, "plain");
      draft.attempt = message.attempt;
      break;
    case "stream":
      draft.added.push({ text: message.content, at: message.timestamp, lane: message.lane ?? null });
      break;
    case "progress":
      draft.progress = { done: message.done, total: message.total, label: message.label };
      break;
    case "request_confirmation":
      ask(draft, message, { kind: "confirmation", message: message.message });
      remember(draft, message, `Asked: ${message.message}`, "ask");
      break;
    case "request_user_input":
      ask(draft, message, { kind: "input", message: message.message ?? "", fields: message.fields });
      remember(draft, message, message.message ? `Asked: ${message.message}` : "Asked for input", "ask");
      break;
    case "answered":
      takeAnswer(draft, message);
      break;
    case "task_failed":
      takeFailure(draft, message);
      break;
    case "task_completed":
      end(draft, message, { kind: "completed", values: message.values }, "Completed", "good");
      break;
    case "task_cancelled":
      end(draft, message, { kind: "cancelled", text: message.reason }, "Cancelled", "plain");
      break;
    case "recovered":
      remember(draft, message, recovery(message), "warn");
      if (!draft.replay) tell(draft, recovery(message), "warn");
      break;
    default:
      break;
  }
}

function takeAnswer(draft, message) {
  const request = draft.requests.find((open) => open.id === message.request_id);
  draft.requests = draft.requests.filter((open) => open !== request);
  const words = answerWords(message);
  remember(draft, message, message.timed_out ? `No answer in time: ${words}` : `Answered: ${words}`, "answer");
  // A question that came and went within a replay was never shown.
  if (!request || request.mine || request.hidden) return;
  if (message.timed_out) tell(draft, `Nobody answered in time: ${words}.`, "warn");
  else tell(draft, `Answered elsewhere: ${words}.`, "plain");
}

function takeFailure(draft, message) {
  if (message.can_retry && message.request_id) {
    ask(draft, message, { kind: "retry", error: message.error, attempt: message.attempt });
    remember(draft, message, `Attempt ${message.attempt} failed: ${message.error}`, "bad");
    return;
  }
  end(draft, message, { kind: "failed", text: message.error }, `Failed: ${message.error}`, "bad");
}

function ask(draft, message, request) {
  const deadline = typeof message.timeout === "number" ? message.timestamp + message.timeout : null;
  const open = { fields: [], ...request, id: message.request_id, deadline, errors: [], sending: false, mine: false };
  open.hidden = draft.replay !== null;
  draft.requests = [...draft.requests, Object.freeze(open)];
}

function end(draft, message, outcome, words, tone) {
  draft.outcome = Object.freeze({ ...outcome, at: message.timestamp });
  draft.status = outcome.kind;
  draft.requests = [];
  remember(draft, message, words, tone);
}

function remember(draft, message, text, tone) {
  draft.past = [...draft.past, { at: message.timestamp, text, tone }].slice(-PAST_KEPT);
}

function tell(draft, text, tone) {
  draft.notice = { number: (draft.notice?.number ?? 0) + 1, text, tone };
}

function change(requests, id, changes) {
  return requests.map((open) => (open.id === id ? Object.freeze({ ...open, ...changes }) : open));
}

function nothingSent(requests) {
  return requests.map((open) => (open.sending ? Object.freeze({ ...open, sending: false }) : open));
}

function answerWords({ value, values, by, timed_out }) {
  const who = timed_out ? "" : ` (${by})`;
  if (values) return `${Object.keys(values).join(", ") || "an empty form"}${who}`;
  if (typeof value === "boolean") return `${value ? "yes" : "no"}${who}`;
  return `without a value${who}`;
}

function recovery({ cause, steps_in_doubt: doubts }) {
  const steps = doubts?.length ? ` These steps may have happened already: ${doubts.join(", ")}.` : "";
  return `Taken up again after an interruption: ${cause}.${steps}`;
}

function complaint({ code, message, winner }) {
  if (code === "already_answered" && winner) return `Somebody was faster: ${answerWords(winner)}.`;
  return message;
}
