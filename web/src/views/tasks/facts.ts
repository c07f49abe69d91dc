/** What a session's line in the list says beside its status: a question, an error, a result, or how far it is. */

import { hasEnded, isWaiting, writeJson, type Client, type JournalEntry, type Progress, type SessionDetail, type SessionRow } from "@callboard/client";

export interface Facts {
  /** The `last_seq` that this was read at. */
  seq: number;
  /** The question that is open, the error, the result or the latest line; in one line. */
  text: string;
  progress: Progress | null;
}

/** So much of the end of a running session's journal is read. */
const TAIL_ENTRIES = 6;
/** So many sessions are asked about at once. */
const AT_ONCE = 6;
/** A running session changes all the time: only so many are asked about each time. */
const RUNNING = 12;
const LONGEST = 400;

/** Reads the facts of those sessions whose facts are not known or have changed, in the list's order. */
export async function loadFacts(client: Client, rows: readonly SessionRow[], known: ReadonlyMap<string, Facts>, signal: AbortSignal, found: (id: string, facts: Facts) => void): Promise<void> {
  let running = 0;
  const wanted = rows.filter(({ session_id, status, last_seq }) => {
    const isSettled = hasEnded(status) || isWaiting(status);
    if (isSettled) return known.get(session_id)?.seq !== last_seq;
    running += 1;
    return running <= RUNNING;
  });
  const work = async (): Promise<void> => {
    for (let row = wanted.shift(); row && !signal.aborted; row = wanted.shift()) {
      const { session_id: id } = row;
      // What cannot be read now is read the next time; the list itself says what is wrong.
      await factsOf(client, row, known.get(id), signal).then((facts) => found(id, facts), () => undefined);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, wanted.length) }, work));
}

async function factsOf(client: Client, row: SessionRow, before: Facts | undefined, signal: AbortSignal): Promise<Facts> {
  const detail = await client.describe(row.session_id, signal);
  const { last_seq: seq, status } = detail;
  if (before?.seq === seq) return before;
  if (hasEnded(status)) return { seq, text: await endWords(client, detail, signal), progress: null };
  const progress = before?.progress ?? null;
  const [question] = detail.open_requests;
  if (question) return { seq, text: questionWords(question), progress };
  const { events } = await client.events(row.session_id, { since: Math.max(0, seq - TAIL_ENTRIES), limit: TAIL_ENTRIES }, signal);
  const facts: Facts = { seq, text: before?.text ?? "", progress };
  for (const entry of events) {
    if (entry.type === "progress") facts.progress = { done: entry.done, total: entry.total, label: entry.label };
    if (entry.type === "stream") facts.text = short(entry.content);
  }
  return facts;
}

async function endWords(client: Client, detail: SessionDetail, signal: AbortSignal): Promise<string> {
  if (detail.error !== null) return short(detail.error);
  if (detail.status === "completed") return resultWords(detail.result);
  const { events } = await client.events(detail.session_id, { since: detail.last_seq - 1, limit: 1 }, signal);
  const [last] = events;
  return last?.type === "task_cancelled" ? short(last.reason) : "";
}

/** An open question in one line. */
export function questionWords(entry: JournalEntry): string {
  if (entry.type === "request_confirmation") return short(entry.message);
  if (entry.type === "request_user_input") return short(entry.message || `Asks for ${entry.fields.map(({ name, description }) => description || name).join(", ")}`);
  return entry.type === "task_failed" ? short(`Try again? ${entry.error}`) : "";
}

/** A result in one line: the names and values that fit. */
export function resultWords(result: unknown): string {
  if (result === null || result === undefined) return "";
  if (typeof result !== "object") return short(scalarWords(result));
  if (Array.isArray(result)) return result.length === 1 ? "1 item" : `${result.length} items`;
  const entries = Object.entries(result);
  const [first] = entries;
  // The outputs of a workflow's nodes: what the nodes are called says less than what came out.
  if (entries.length === 1 && first && isObject(first[1])) return resultWords(first[1]);
  return short(entries.map(([name, value]) => `${name}: ${valueWords(value)}`).join(" · "));
}

function valueWords(value: unknown): string {
  if (Array.isArray(value)) return value.length === 1 ? "1 item" : `${value.length} items`;
  if (!isObject(value)) return scalarWords(value);
  const entries = Object.entries(value);
  const [first] = entries;
  if (entries.length === 1 && first && !isObject(first[1])) return scalarWords(first[1]);
  return `${entries.length} ${entries.length === 1 ? "value" : "values"}`;
}

function scalarWords(value: unknown): string {
  if (typeof value === "boolean") return value ? "Yes" : "No";
  return typeof value === "string" ? value : writeJson(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function short(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}
