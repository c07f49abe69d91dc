/**
 * What agents do in a session, read from its journal: who works on what, what they said and called, what they found.
 *
 * The journal grows in place and is long: each entry is looked at once. A run that changes is replaced by another object, so
 * that only what shows it is drawn again.
 */

import { readFinding, type Finding, type JournalEntry, type TurnWarning } from "@callboard/client";

/** So many lines of a program are kept; a session has all of them. */
export const LINES_KEPT = 200;

export type RunStatus = "working" | "completed" | "failed" | "cancelled";

export interface ToolUse {
  id: string;
  name: string;
  arguments: unknown;
  result: { ok: boolean; text: string } | null;
}

/** What an agent did, in order. */
export type Step =
  | { kind: "turn"; seq: number; at: number; turn: number; text: string; reasoning: string; tools: readonly ToolUse[]; tokens: number; isEstimated: boolean; leftOut: number; warnings: readonly TurnWarning[] }
  | { kind: "line"; seq: number; at: number; text: string }
  | { kind: "question"; seq: number; at: number; id: string; message: string; answer: string | null }
  | { kind: "handover"; seq: number; at: number; to: string; text: string }
  | { kind: "decision"; seq: number; at: number; word: string; text: string }
  | { kind: "note"; seq: number; at: number; text: string };

/** A finding, with the `seq` of its entry. */
export interface Found extends Finding {
  seq: number;
  agentId: string;
}

/** One agent at one task. */
export interface Run {
  /** The lane that it works in; no other run has the same. */
  key: string;
  agentId: string;
  task: string;
  /** Who has it done, where that is another agent. */
  by: string | null;
  status: RunStatus;
  startedAt: number;
  endedAt: number | null;
  error: string | null;
  progress: { done: number; total: number } | null;
  steps: readonly Step[];
  findings: readonly Found[];
  /** How many lines were left out of the steps. */
  linesDropped: number;
  /** How many findings were dropped, as they quote what is not in the document. */
  findingsDropped: number;
  turns: number;
  tokens: number;
}

/** What was spent, or may be. */
export interface Spending {
  tokens: number | null;
  turns: number | null;
  seconds: number | null;
  cost: number | null;
}

export interface Board {
  /** In the order in which they began. */
  runs: readonly Run[];
  spent: Spending;
  /** What the session may spend; null where nothing limits it. */
  budget: Spending;
  /** Whether any of the tokens are estimated. */
  isEstimated: boolean;
}

const NOTHING: Spending = { tokens: null, turns: null, seconds: null, cost: null };
export const EMPTY: Board = { runs: [], spent: NOTHING, budget: NOTHING, isEstimated: false };

type Fields = Record<string, unknown>;

const fieldsOf = (value: unknown): Fields => (value !== null && typeof value === "object" ? (value as Fields) : {});
const numberOf = (value: unknown): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** Takes the journal in, piece by piece. */
export class BoardModel {
  #board: Board = EMPTY;
  #taken = 0;
  #places = new Map<string, number>();
  #runs: Run[] = [];
  #by = new Map<string, string>();
  /** The lane of each question: an answer does not say it. */
  #asked = new Map<string, string>();
  #hasChanged = false;

  /** The board after the first `count` entries; the same object while nothing of it has changed. */
  upTo(entries: readonly JournalEntry[], count: number): Board {
    for (; this.#taken < count; this.#taken += 1) {
      const entry = entries[this.#taken];
      if (entry) this.#take(entry);
    }
    if (this.#hasChanged) this.#board = { ...this.#board, runs: [...this.#runs] };
    this.#hasChanged = false;
    return this.#board;
  }

  #take(entry: JournalEntry): void {
    const { seq, timestamp: at, lane = "" } = entry;
    switch (entry.type) {
      case "agent_started":
        return this.#start(lane, entry.agent_id, entry.task ?? "", at);
      case "agent_event":
        return this.#event(lane, entry.agent_id, entry.data, seq, at);
      case "agent_completed":
        return this.#change(lane, (run) => ({ ...run, status: "completed", endedAt: at, progress: null }));
      case "agent_error":
        return this.#change(lane, (run) => ({ ...run, status: "failed", endedAt: at, error: entry.error, progress: null }));
      case "agent_turn": {
        const { turn, text, reasoning = "", tool_calls, usage, left_out_bytes: leftOut = 0, warnings = [] } = entry;
        const tokens = usage.prompt_tokens + usage.completion_tokens;
        const isEstimated = usage.estimated === true;
        if (isEstimated) this.#set({ isEstimated });
        const tools = tool_calls.map(({ id, name, arguments: given }) => ({ id, name, arguments: given, result: null }));
        return this.#step(lane, { kind: "turn", seq, at, turn, text, reasoning, tools, tokens, isEstimated, leftOut, warnings }, { turns: 1, tokens });
      }
      case "tool_result":
        return this.#result(lane, entry);
      case "stream":
        return this.#step(lane, { kind: "line", seq, at, text: entry.content });
      case "progress":
        return this.#change(lane, (run) => ({ ...run, progress: { done: entry.done, total: entry.total } }));
      case "request_confirmation":
      case "request_user_input":
        this.#asked.set(entry.request_id, lane);
        return this.#step(lane, { kind: "question", seq, at, id: entry.request_id, message: entry.message ?? "", answer: null });
      case "answered":
        return this.#answer(entry);
      case "task_completed":
        return this.#set({ spent: spendingOf(fieldsOf(fieldsOf(entry.values)["usage"]), this.#board.spent) });
      case "task_cancelled":
        return this.#endAll("cancelled", at);
      case "task_failed":
        return entry.request_id ? undefined : this.#endAll("failed", at);
      default:
        return this.#other(lane, entry as unknown as Fields, seq, at);
    }
  }

  /** What are events, too: their types have a dot. */
  #other(lane: string, entry: Fields, seq: number, at: number): void {
    switch (entry["type"]) {
      case "task.assigned":
        this.#by.set(lane, textOf(entry["by"]));
        return;
      case "task.progress": {
        const spent = spendingOf(fieldsOf(entry["spent"]), { ...this.#board.spent, tokens: numberOf(entry["tokens"]) });
        return this.#set({ spent, budget: limitsOf(spent, fieldsOf(entry["budget_left"])) });
      }
      case "manager.delegation_started":
        return this.#step(lane, { kind: "handover", seq, at, to: textOf(entry["to"]), text: textOf(entry["instructions"]) });
      case "manager.decision_made":
        return this.#step(lane, { kind: "decision", seq, at, word: textOf(entry["decision"]), text: textOf(entry["reason"]) });
      default:
        return;
    }
  }

  #start(lane: string, agentId: string, task: string, at: number): void {
    const by = this.#by.get(lane) ?? null;
    const run: Run = {
      key: lane, agentId, task, by, status: "working", startedAt: at, endedAt: null, error: null, progress: null, steps: [], findings: [],
      linesDropped: 0, findingsDropped: 0, turns: 0, tokens: 0,
    };
    const place = this.#places.get(lane);
    if (place === undefined) {
      this.#places.set(lane, this.#runs.length);
      this.#runs.push(run);
    } else {
      // Another attempt of the same task.
      this.#runs[place] = run;
    }
    this.#hasChanged = true;
  }

  #event(lane: string, agentId: string, data: Fields, seq: number, at: number): void {
    const finding = readFinding(data["finding"]);
    const [done, total] = [numberOf(data["done"]), numberOf(data["total"])];
    const dropped = numberOf(data["dropped"]) ?? 0;
    if (finding) return this.#change(lane, (run) => ({ ...run, findings: [...run.findings, { ...finding, seq, agentId }] }));
    if (data["kind"] === "progress" && done !== null && total !== null) return this.#change(lane, (run) => ({ ...run, progress: { done, total } }));
    if (textOf(data["text"]) === "") return;
    this.#step(lane, { kind: "note", seq, at, text: textOf(data["text"]) });
    if (dropped > 0) this.#change(lane, (run) => ({ ...run, findingsDropped: run.findingsDropped + dropped }));
  }

  #result(lane: string, { call_id, ok, text }: Extract<JournalEntry, { type: "tool_result" }>): void {
    this.#change(lane, (run) => {
      const place = run.steps.findLastIndex((step) => step.kind === "turn" && step.tools.some(({ id, result }) => id === call_id && result === null));
      const turn = run.steps[place];
      if (turn?.kind !== "turn") return run;
      const tools = turn.tools.map((tool) => (tool.id === call_id ? { ...tool, result: { ok, text } } : tool));
      return { ...run, steps: run.steps.with(place, { ...turn, tools }) };
    });
  }

  #answer(entry: Extract<JournalEntry, { type: "answered" }>): void {
    this.#change(this.#asked.get(entry.request_id) ?? "", (run) => {
      const place = run.steps.findLastIndex((step) => step.kind === "question" && step.id === entry.request_id);
      const question = run.steps[place];
      if (question?.kind !== "question") return run;
      return { ...run, steps: run.steps.with(place, { ...question, answer: answerOf(entry) }) };
    });
  }

  #step(lane: string, step: Step, more: { turns?: number; tokens?: number } = {}): void {
    this.#change(lane, (run) => {
      const isFull = step.kind === "line" && run.steps.length >= LINES_KEPT;
      const oldest = isFull ? run.steps.findIndex(({ kind }) => kind === "line") : -1;
      const steps = oldest >= 0 ? [...run.steps.slice(0, oldest), ...run.steps.slice(oldest + 1), step] : [...run.steps, step];
      return { ...run, steps, linesDropped: run.linesDropped + (oldest >= 0 ? 1 : 0), turns: run.turns + (more.turns ?? 0), tokens: run.tokens + (more.tokens ?? 0) };
    });
  }

  /** Changes the run whose lane this is, or is within. */
  #change(lane: string, change: (run: Run) => Run): void {
    for (let key = lane; key !== ""; key = key.slice(0, Math.max(0, key.lastIndexOf("/")))) {
      const place = this.#places.get(key);
      const run = place === undefined ? undefined : this.#runs[place];
      if (place === undefined || !run) continue;
      this.#runs[place] = change(run);
      this.#hasChanged = true;
      return;
    }
  }

  #endAll(status: RunStatus, at: number): void {
    this.#runs = this.#runs.map((run) => (run.status === "working" ? { ...run, status, endedAt: at, progress: null } : run));
    this.#hasChanged = true;
  }

  #set(changes: Partial<Board>): void {
    this.#board = { ...this.#board, ...changes };
    this.#hasChanged = true;
  }
}

/** The run that something in a lane belongs to. */
export function runOf(runs: readonly Run[], lane: string | null): Run | null {
  let found: Run | null = null;
  for (const run of runs) {
    if (lane !== null && (lane === run.key || lane.startsWith(`${run.key}/`)) && run.key.length > (found?.key.length ?? -1)) found = run;
  }
  return found;
}

function spendingOf(usage: Fields, before: Spending): Spending {
  const total = numberOf(usage["total_tokens"]);
  return {
    tokens: total ?? before.tokens, turns: numberOf(usage["turns"]) ?? before.turns,
    seconds: numberOf(usage["seconds"]) ?? before.seconds, cost: numberOf(usage["cost"]) ?? before.cost,
  };
}

/** What may be spent: what was, and what is left. */
function limitsOf(spent: Spending, left: Fields): Spending {
  const limit = (name: keyof Spending): number | null => {
    const rest = numberOf(left[name]);
    return rest === null ? null : rest + (spent[name] ?? 0);
  };
  return { tokens: limit("tokens"), turns: limit("turns"), seconds: limit("seconds"), cost: limit("cost") };
}

function answerOf({ value, values, by, timed_out, withdrawn }: Extract<JournalEntry, { type: "answered" }>): string {
  if (withdrawn) return "Withdrawn";
  const who = timed_out ? "nobody answered in time" : by === "websocket" || by === "http" ? "" : `by ${by}`;
  const said = values ? Object.values(values).map(String).join(", ") : typeof value === "boolean" ? (value ? "Yes" : "No") : "";
  return [said, who].filter(Boolean).join(", ") || "Answered";
}
