/**
 * What is known of a watched session, and how what the server says changes it.
 *
 * No clock, no network, no page. The lists of entries and lines grow in place, so that a line costs the same whether
 * it is the tenth or the hundred-thousandth; a state says how much of them belongs to it.
 */

import type { Connection, JournalEntry, Message, OpenRequest } from "./types.js";
import type { Answerers, RequestContext, Status, Winner } from "./wire/wire.js";

/** A line of output. */
export type StreamLine = Extract<JournalEntry, { type: "stream" }>;

/** A change of the session's state; the stretches between two of them make its timeline. */
export interface Mark {
  status: Status;
  attempt: number;
  /** Seconds since the epoch. */
  at: number;
}

export interface Progress {
  done: number;
  total: number;
  label: string;
}

/** What a model has said so far of a reply that is not complete. */
export interface Draft {
  agentId: string;
  callId: string;
  /** The lane of the task that it is said in. */
  lane: string | null;
  /** Which try it is. */
  try: number;
  /** How many parts of that try have come. */
  part: number;
  text: string;
  /** Whether something of it is missing. */
  isPartial: boolean;
}

/** A replay that is under way. */
export interface Replay {
  count: number;
  done: number;
}

/** How a session has ended. */
export type Outcome =
  | { kind: "completed"; values: unknown; at: number }
  | { kind: "failed"; text: string; at: number }
  | { kind: "cancelled"; text: string; at: number };

/** Something that a person should hear of once. */
export interface Notice {
  /** Rising; a reader keeps the last that it has shown. */
  number: number;
  tone: "plain" | "warn" | "bad";
  text: string;
}

/** A session as it is known at one moment. */
export interface SessionState {
  readonly id: string;
  readonly status: Status | null;
  readonly attempt: number;
  /** All entries; only the first `count` belong to this state. */
  readonly entries: readonly JournalEntry[];
  readonly count: number;
  /** The lines of output among them; only the first `lineCount` belong to this state. */
  readonly lines: readonly StreamLine[];
  readonly lineCount: number;
  /** Replies of models that are not complete, by the id of the model call. */
  readonly drafts: ReadonlyMap<string, Draft>;
  /** The questions that are open, oldest first. */
  readonly requests: readonly OpenRequest[];
  readonly outcome: Outcome | null;
  readonly progress: Progress | null;
  readonly marks: readonly Mark[];
  readonly replay: Replay | null;
  /** How many entries the server left out of a snapshot. */
  readonly dropped: number;
  readonly connection: Connection;
  /** Whether a cancel was asked for here and the server has not said yet what came of it. */
  readonly cancelling: boolean;
  readonly notices: readonly Notice[];
  /** What went wrong last, for people; none once something goes right. */
  readonly error: string | null;
}

type Changing = { -readonly [Key in keyof SessionState]: SessionState[Key] };

const NOTICES_KEPT = 8;
/** More characters of a draft are not kept: its end says how it goes on. */
const LONGEST_DRAFT = 200_000;

/** Whether a status is a last one. */
export function hasEnded(status: Status | null): boolean {
  return status === "completed" || status === "failed" || status === "cancelled";
}

/** Whether a person is awaited. */
export function isWaiting(status: Status | null): boolean {
  return status === "waiting_confirmation" || status === "waiting_input" || status === "waiting_retry";
}

/** Holds a session's state while messages change it. */
export class Model {
  #draft: Changing;
  #entries: JournalEntry[] = [];
  #lines: StreamLine[] = [];
  #drafts = new Map<string, Draft>();
  /** Whether a draft has changed since the last state. */
  #isSaying = false;
  /** Questions that were answered from here: their `answered` is no news. */
  #mine = new Set<string>();
  /** Questions that came within a replay: one that is answered in the same replay was never shown. */
  #unseen = new Set<string>();
  #number = 0;

  constructor(id: string, connection: Connection) {
    this.#draft = {
      id, status: null, attempt: 0, entries: this.#entries, count: 0, lines: this.#lines, lineCount: 0, drafts: new Map(), requests: [],
      outcome: null, progress: null, marks: [], replay: null, dropped: 0, connection, cancelling: false, notices: [], error: null,
    };
  }

  /** The state as it is now; a later change does not show in it. */
  state(): SessionState {
    // A map that is handed out does not change any more.
    if (this.#isSaying || this.#draft.drafts.size !== this.#drafts.size) this.#draft.drafts = new Map(this.#drafts);
    this.#isSaying = false;
    return { ...this.#draft, count: this.#entries.length, lineCount: this.#lines.length };
  }

  /** The connection stands otherwise. */
  connected(connection: Connection): void {
    const draft = this.#draft;
    const lost = connection.phase === "reconnecting" || connection.phase === "stopped";
    // An answer that was on its way when the connection broke may not have come: it can be given again.
    if (lost && draft.connection.phase !== connection.phase) this.#all({ sending: false });
    if (connection.phase === "stopped") draft.error = connection.reason;
    if (connection.phase === "live" && draft.connection.phase !== "live" && draft.connection.phase !== "stale") draft.error = null;
    if (lost || connection.phase === "done") this.#replayed();
    draft.connection = connection;
  }

  /** An answer was sent. */
  answered(id: string): void {
    this.#mine.add(id);
    this.#change(id, { sending: true, errors: [] });
    this.#draft.error = null;
  }

  /** A cancel was asked for, or the asking has failed. */
  cancelling(asked: boolean, error: string | null = null): void {
    this.#draft.cancelling = asked;
    this.#draft.error = error;
    if (error) this.#tell(error, "bad");
  }

  /** Takes what the server says. */
  take(message: Message): void {
    const draft = this.#draft;
    switch (message.type) {
      case "state_replay_start":
        draft.replay = message.count > 0 ? { count: message.count, done: 0 } : null;
        draft.dropped += message.dropped;
        return;
      case "state_replay_complete":
        this.#replayed();
        return;
      case "input_rejected":
        this.#mine.delete(message.request_id);
        this.#change(message.request_id, { sending: false, errors: message.errors });
        return;
      case "error":
        this.#refused(message);
        return;
      case "pong":
        return;
      default:
        if ("seq" in message) this.#entry(message);
        else if (message.type === "agent_delta") this.#say(message);
        else if (message.type === "progress") draft.progress = { done: message.done, total: message.total, label: message.label };
    }
  }

  /** A model says more. What was said before the connection stood is missing. */
  #say({ agent_id: agentId, call_id: callId, try: number, part, text, lane }: Extract<Message, { type: "agent_delta" }>): void {
    const known = this.#drafts.get(callId);
    const before = known?.try === number ? known : { text: "", part: 0, isPartial: false };
    if (part <= before.part) return;
    const all = before.text + text;
    const isPartial = before.isPartial || part > before.part + 1 || all.length > LONGEST_DRAFT;
    this.#drafts.set(callId, { agentId, callId, lane: lane ?? null, try: number, part, text: all.length > LONGEST_DRAFT ? all.slice(-LONGEST_DRAFT) : all, isPartial });
    this.#isSaying = true;
  }

  /** A reply is complete, or nobody waits for it any more. */
  #drop(isOver: (draft: Draft) => boolean): void {
    for (const [id, draft] of this.#drafts) if (isOver(draft)) this.#drafts.delete(id);
  }

  #entry(entry: JournalEntry): void {
    const draft = this.#draft;
    this.#entries.push(entry);
    if (draft.replay) draft.replay = { ...draft.replay, done: draft.replay.done + 1 };
    switch (entry.type) {
      case "status":
        draft.status = entry.status;
        draft.attempt = entry.attempt;
        draft.marks = [...draft.marks, { status: entry.status, attempt: entry.attempt, at: entry.timestamp }];
        if (hasEnded(entry.status)) draft.cancelling = false;
        return;
      case "stream":
        this.#lines.push(entry);
        return;
      case "agent_turn":
        this.#drop(({ callId }) => callId === entry.call_id);
        return;
      case "agent_completed":
      case "agent_error":
        this.#drop(({ lane }) => isWithin(lane, entry.lane ?? null));
        return;
      case "progress":
        draft.progress = { done: entry.done, total: entry.total, label: entry.label };
        return;
      case "request_confirmation":
        this.#ask(entry, { id: entry.request_id, kind: "confirmation", message: entry.message, ...aboutOf(entry), default: entry.default });
        return;
      case "request_user_input":
        this.#ask(entry, { id: entry.request_id, kind: "input", message: entry.message ?? "", fields: entry.fields, ...aboutOf(entry), default: entry.default });
        return;
      case "answer_given":
        this.#given(entry);
        return;
      case "answered":
        this.#closed(entry);
        return;
      case "task_failed":
        if (entry.request_id) this.#ask(entry, { id: entry.request_id, kind: "retry", message: entry.error, attempt: entry.attempt, context: entry.context ?? null });
        else this.#end({ kind: "failed", text: entry.error, at: entry.timestamp });
        return;
      case "task_completed":
        this.#end({ kind: "completed", values: entry.values, at: entry.timestamp });
        return;
      case "task_cancelled":
        this.#end({ kind: "cancelled", text: entry.reason, at: entry.timestamp });
        return;
      case "recovered":
        this.#tell(`The server went down and has taken this up again: ${entry.cause}.`, "warn");
        return;
      default:
        // A type of the task's own, or one that this client is too old for.
        return;
    }
  }

  #ask(entry: JournalEntry, asked: Pick<OpenRequest, "id" | "kind" | "message"> & Partial<OpenRequest>): void {
    const attempt = this.#draft.attempt;
    this.#draft.requests = [...this.#draft.requests, { fields: [], attempt, lane: entry.lane ?? null, deadline: null, default: undefined, context: null, answerers: {}, given: [], sending: false, errors: [], ...asked }];
    if (this.#draft.replay) this.#unseen.add(asked.id);
  }

  #given({ request_id: id, by, value }: Extract<JournalEntry, { type: "answer_given" }>): void {
    const open = this.#draft.requests.find((one) => one.id === id);
    if (open) this.#change(id, { given: [...open.given, { by, value }], sending: false });
  }

  #closed(entry: Extract<JournalEntry, { type: "answered" }>): void {
    const draft = this.#draft;
    const id = entry.request_id;
    const known = draft.requests.some((open) => open.id === id) && !this.#unseen.has(id);
    draft.requests = draft.requests.filter((open) => open.id !== id);
    if (!known || this.#mine.has(id)) return;
    this.#tell(whatCame(entry, "Answered elsewhere"), entry.timed_out ? "warn" : "plain");
  }

  #end(outcome: Outcome): void {
    this.#drafts.clear();
    this.#draft.outcome = outcome;
    this.#draft.status = outcome.kind;
    this.#draft.requests = [];
    this.#draft.cancelling = false;
  }

  #refused({ code, message, winner, open_request_id }: Extract<Message, { type: "error" }>): void {
    // The close that follows says it, too.
    if (code === "unknown_session") return;
    for (const open of this.#draft.requests) if (open.sending) this.#mine.delete(open.id);
    this.#all({ sending: false });
    // What was said twice is no answer of somebody else.
    const isFaster = code === "already_answered" && winner && !open_request_id;
    const text = isFaster ? whatCame(winner, "Somebody was faster") : sentence(message);
    this.#draft.error = text;
    this.#tell(text, "warn");
  }

  #replayed(): void {
    this.#draft.replay = null;
    this.#unseen.clear();
  }

  #change(id: string, changes: Partial<OpenRequest>): void {
    this.#draft.requests = this.#draft.requests.map((open) => (open.id === id ? { ...open, ...changes } : open));
  }

  #all(changes: Partial<OpenRequest>): void {
    this.#draft.requests = this.#draft.requests.map((open) => ({ ...open, ...changes }));
  }

  #tell(text: string, tone: Notice["tone"]): void {
    this.#number += 1;
    this.#draft.notices = [...this.#draft.notices, { number: this.#number, text, tone }].slice(-NOTICES_KEPT);
  }
}

/** Whether a lane is another one, or within it. */
function isWithin(lane: string | null, other: string | null): boolean {
  return lane === other || (lane !== null && other !== null && lane.startsWith(`${other}/`));
}

/** Until when a question is open, what it is about, and who may answer. */
function aboutOf(asked: { timestamp: number; timeout?: number; expires_at?: number; context?: RequestContext } & Answerers): Pick<OpenRequest, "deadline" | "context" | "answerers"> {
  const { timestamp, timeout, expires_at, context } = asked;
  return { deadline: expires_at ?? (typeof timeout === "number" ? timestamp + timeout : null), context: context ?? null, answerers: answerersOf(asked) };
}

/** Who may answer a question, as it says itself; nothing in it where only the owner of its session does, once. */
export function answerersOf({ assignees, required_answers, allow_own }: Answerers): Answerers {
  return { ...(assignees && { assignees }), ...(required_answers !== undefined && { required_answers }), ...(allow_own !== undefined && { allow_own }) };
}

/** What came of a question that others answered, or nobody; `people` is what to say where somebody did. */
function whatCame(winner: Winner, people: string): string {
  if (winner.withdrawn) return "Withdrawn: the task no longer asks.";
  if (!winner.timed_out) return `${people}: ${inWords(winner)}.`;
  return winner.value === undefined && !winner.values ? "Nobody answered in time." : `Nobody answered in time; what was taken is: ${inWords(winner)}.`;
}

/** Who answered, for people: servers without identity only know by which way an answer came. */
export function whoIs(by: string): string {
  if (by === "websocket") return "someone";
  if (by.startsWith("link:")) return `${by.slice("link:".length)}, by a share link`;
  return by === "http" ? "someone, through the API" : by;
}

/** An answer in words: what was said, and who said it. */
function inWords({ value, values, by, timed_out }: Winner): string {
  const who = timed_out ? "" : ` (${whoIs(by)})`;
  if (values) return `${Object.keys(values).join(", ") || "an empty form"}${who}`;
  if (typeof value === "boolean") return `${value ? "yes" : "no"}${who}`;
  return `without a value${who}`;
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
