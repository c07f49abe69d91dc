// Written by `cargo test wire` from the types of the server. Do not edit.

/**
 * The public id of a session: a random UUID (version 4), so that knowing it is a capability.
 */
export type SessionId = string;

/**
 * The id of one question to a human; unique across sessions, stable across restarts.
 */
export type RequestId = string;

/**
 * A moment in microseconds since the Unix epoch; on the wire a number of seconds.
 */
export type Timestamp = number;

/**
 * The state of a session, in the words of the wire.
 */
export type Status = "queued" | "running" | "waiting_confirmation" | "waiting_input" | "waiting_retry" | "cancelling" | "completed" | "failed" | "cancelled";

/**
 * How urgent a session is in the queue; higher ones get a free run slot first.
 */
export type Priority = "low" | "normal" | "high" | "critical";

/**
 * What happens to a session when its last connection goes.
 */
export type OnDisconnect = "keep" | { "cancel_after": number };

/**
 * What a field takes.
 */
export type FieldType = "string" | "text" | "integer" | "number" | "boolean" | "select" | "multiselect" | "email" | "url" | "date" | "datetime" | "secret";

/**
 * One field of a form.
 */
export type Field = {
/**
 * The key of its value in the answer.
 */
name: string,
/**
 * What to fill in, for people.
 */
description: string,
/**
 * What it takes.
 */
type: FieldType,
/**
 * The value that it starts with.
 */
value: unknown,
/**
 * Whether it must be filled in.
 */
required: boolean,
/**
 * What there is to choose from.
 */
choices?: unknown[],
/**
 * The smallest number, or the earliest date.
 */
min?: unknown,
/**
 * The largest number, or the latest date.
 */
max?: unknown,
/**
 * The fewest characters, or choices.
 */
min_length?: number,
/**
 * The most characters, or choices.
 */
max_length?: number,
/**
 * A regular expression that the whole text must match.
 */
pattern?: string, };

/**
 * What is wrong with one field of an answer.
 */
export type FieldError = {
/**
 * The field's name.
 */
field: string,
/**
 * What is wrong, for people.
 */
message: string, };

/**
 * One journal entry; `type` says which.
 */
export type Entry = { "type": "status",
/**
 * The new state.
 */
status: Status,
/**
 * Which try this is, from 1.
 */
attempt: number, } | { "type": "stream",
/**
 * The line, without its end.
 */
content: string, } | { "type": "progress",
/**
 * Units of work done.
 */
done: number,
/**
 * Units of work in all.
 */
total: number,
/**
 * What is being done.
 */
label: string, } | { "type": "request_confirmation",
/**
 * The question's id.
 */
request_id: RequestId,
/**
 * The question.
 */
message: string,
/**
 * Seconds until the default answer is taken.
 */
timeout?: number, } | { "type": "request_user_input",
/**
 * The question's id.
 */
request_id: RequestId,
/**
 * What to fill in.
 */
fields: Array<Field>,
/**
 * What the form is for.
 */
message?: string,
/**
 * Seconds until the default answer is taken.
 */
timeout?: number, } | { "type": "answered",
/**
 * The question's id.
 */
request_id: RequestId,
/**
 * Who answered.
 */
by: string,
/**
 * The answer to a confirmation or retry.
 */
value?: boolean,
/**
 * The answer to a form; the values of secrets are masked.
 */
values?: Record<string, unknown>,
/**
 * Whether nobody answered in time.
 */
timed_out?: boolean, } | { "type": "task_completed",
/**
 * The result.
 */
values: unknown, } | { "type": "task_failed",
/**
 * What went wrong.
 */
error: string,
/**
 * Whether a person may ask for another attempt.
 */
can_retry: boolean,
/**
 * The attempt that failed, from 1.
 */
attempt: number,
/**
 * The question's id, where `can_retry`.
 */
request_id?: RequestId, } | { "type": "task_cancelled",
/**
 * Why.
 */
reason: string, } | { "type": "recovered",
/**
 * What happened.
 */
cause: string,
/**
 * Steps that had started and left no outcome: their effect may have happened.
 */
steps_in_doubt: Array<string>, };

/**
 * An entry with its place in the journal.
 */
export type Stamped = {
/**
 * The lane of the task that told it, where the task has several.
 */
lane?: string,
/**
 * 1, 2, 3… without a gap.
 */
seq: number,
/**
 * When, in seconds since the epoch.
 */
timestamp: Timestamp, } & ({ "type": "status",
/**
 * The new state.
 */
status: Status,
/**
 * Which try this is, from 1.
 */
attempt: number, } | { "type": "stream",
/**
 * The line, without its end.
 */
content: string, } | { "type": "progress",
/**
 * Units of work done.
 */
done: number,
/**
 * Units of work in all.
 */
total: number,
/**
 * What is being done.
 */
label: string, } | { "type": "request_confirmation",
/**
 * The question's id.
 */
request_id: RequestId,
/**
 * The question.
 */
message: string,
/**
 * Seconds until the default answer is taken.
 */
timeout?: number, } | { "type": "request_user_input",
/**
 * The question's id.
 */
request_id: RequestId,
/**
 * What to fill in.
 */
fields: Array<Field>,
/**
 * What the form is for.
 */
message?: string,
/**
 * Seconds until the default answer is taken.
 */
timeout?: number, } | { "type": "answered",
/**
 * The question's id.
 */
request_id: RequestId,
/**
 * Who answered.
 */
by: string,
/**
 * The answer to a confirmation or retry.
 */
value?: boolean,
/**
 * The answer to a form; the values of secrets are masked.
 */
values?: Record<string, unknown>,
/**
 * Whether nobody answered in time.
 */
timed_out?: boolean, } | { "type": "task_completed",
/**
 * The result.
 */
values: unknown, } | { "type": "task_failed",
/**
 * What went wrong.
 */
error: string,
/**
 * Whether a person may ask for another attempt.
 */
can_retry: boolean,
/**
 * The attempt that failed, from 1.
 */
attempt: number,
/**
 * The question's id, where `can_retry`.
 */
request_id?: RequestId, } | { "type": "task_cancelled",
/**
 * Why.
 */
reason: string, } | { "type": "recovered",
/**
 * What happened.
 */
cause: string,
/**
 * Steps that had started and left no outcome: their effect may have happened.
 */
steps_in_doubt: Array<string>, });

/**
 * The answer that a question already has.
 */
export type Winner = {
/**
 * Who gave it.
 */
by: string,
/**
 * The answer to a confirmation or retry.
 */
value?: boolean,
/**
 * The answer to a form; the values of secrets are masked.
 */
values?: Record<string, unknown>,
/**
 * Whether nobody answered in time.
 */
timed_out?: boolean, };

/**
 * One thing that is wrong with a request.
 */
export type Fault = {
/**
 * Where: the path of keys to it, such as `["body", "config", "steps"]`.
 */
loc: Array<string>,
/**
 * What is wrong, for people.
 */
msg: string,
/**
 * What is wrong, in a word.
 */
type: string, };

/**
 * What is said to one client only; it has no `seq`.
 */
export type Outbound = { "type": "state_replay_start",
/**
 * For people.
 */
message: string,
/**
 * How many entries follow.
 */
count: number,
/**
 * How many were left out.
 */
dropped: number,
/**
 * The journal's last `seq`.
 */
last_seq: number, } | { "type": "state_replay_complete",
/**
 * For people.
 */
message: string, } | { "type": "input_rejected",
/**
 * The question.
 */
request_id: string,
/**
 * What is wrong, field by field.
 */
errors: Array<FieldError>, } | { "type": "pong",
/**
 * As it was sent.
 */
timestamp: unknown, } | { "type": "error",
/**
 * Why, in a word.
 */
code: string,
/**
 * Why, for people.
 */
message: string,
/**
 * Who was first, where somebody was.
 */
winner?: Winner, };

/**
 * The server's name.
 */
export type Greeting = {
/**
 * `callboard`.
 */
name: string,
/**
 * The server's version.
 */
version: string,
/**
 * `running`.
 */
status: string, };

/**
 * A task kind.
 */
export type TaskInfo = {
/**
 * Its name.
 */
name: string,
/**
 * What it does.
 */
description: string,
/**
 * The JSON Schema of its input.
 */
input_schema: unknown,
/**
 * The JSON Schema of its configuration.
 */
config_schema: unknown, };

/**
 * The task kinds.
 */
export type TaskList = {
/**
 * In the order of their names.
 */
tasks: Array<TaskInfo>, };

/**
 * How long a session was in which kind of state, in seconds, until now or its end.
 */
export type Times = {
/**
 * Waiting for a run slot.
 */
queued: number,
/**
 * Working.
 */
running: number,
/**
 * Waiting for people.
 */
waiting: number, };

/**
 * A session in a list. Moments are seconds since the epoch.
 */
export type SessionRow = {
/**
 * Its id.
 */
session_id: SessionId,
/**
 * The task's name.
 */
task: string,
/**
 * Where it stands.
 */
status: Status,
/**
 * Which try it is at, from 1.
 */
attempt: number,
/**
 * How urgent it is.
 */
priority: Priority,
/**
 * The caller's own marks.
 */
labels: { [key in string]: string },
/**
 * Whom it belongs to.
 */
owner: string | null,
/**
 * What happens when its last connection goes.
 */
on_disconnect: OnDisconnect,
/**
 * The `seq` of its last entry.
 */
last_seq: number,
/**
 * When it was asked for.
 */
created_at: Timestamp,
/**
 * When it first ran.
 */
started_at: Timestamp | null,
/**
 * When it ended.
 */
ended_at: Timestamp | null,
/**
 * When something is due though nobody asks.
 */
deadline: Timestamp | null,
/**
 * How long it was in which kind of state.
 */
times: Times, };

/**
 * All about a session.
 */
export type SessionDetail = {
/**
 * What it works on.
 */
input: unknown,
/**
 * How it works.
 */
config: unknown,
/**
 * The open questions, as they stand in the journal.
 */
open_requests: Array<Stamped>,
/**
 * What it gave, once it is completed.
 */
result: unknown,
/**
 * What went wrong, once it has failed; why it was stopped, once it is cancelled.
 */
error: string | null,
/**
 * How many connections watch it.
 */
connections: number,
/**
 * Its id.
 */
session_id: SessionId,
/**
 * The task's name.
 */
task: string,
/**
 * Where it stands.
 */
status: Status,
/**
 * Which try it is at, from 1.
 */
attempt: number,
/**
 * How urgent it is.
 */
priority: Priority,
/**
 * The caller's own marks.
 */
labels: { [key in string]: string },
/**
 * Whom it belongs to.
 */
owner: string | null,
/**
 * What happens when its last connection goes.
 */
on_disconnect: OnDisconnect,
/**
 * The `seq` of its last entry.
 */
last_seq: number,
/**
 * When it was asked for.
 */
created_at: Timestamp,
/**
 * When it first ran.
 */
started_at: Timestamp | null,
/**
 * When it ended.
 */
ended_at: Timestamp | null,
/**
 * When something is due though nobody asks.
 */
deadline: Timestamp | null,
/**
 * How long it was in which kind of state.
 */
times: Times, };

/**
 * Some sessions, newest first.
 */
export type SessionPage = {
/**
 * The sessions.
 */
sessions: Array<SessionRow>,
/**
 * What to send as `cursor` to get older ones; null where there are none.
 */
next_cursor: string | null, };

/**
 * What is known of an id, which need not be that of a session.
 */
export type SessionInfo = {
/**
 * The id, as it was asked for.
 */
session_id: string,
/**
 * Whether anybody watches it.
 */
is_connected: boolean,
/**
 * How many messages a snapshot of it has.
 */
saved_state_messages: number,
/**
 * Whether there is such a session.
 */
task_exists: boolean,
/**
 * Where it stands.
 */
status: Status | null,
/**
 * How many connections watch it.
 */
connections: number, };

/**
 * A session that was started.
 */
export type StartedSession = {
/**
 * Its id.
 */
session_id: SessionId,
/**
 * The task's name.
 */
task: string,
/**
 * Where it stands.
 */
status: Status, };

/**
 * Where a session stands after it was asked to stop.
 */
export type Stopped = {
/**
 * The session.
 */
session_id: SessionId,
/**
 * Its status; the final one where it had ended.
 */
status: Status, };

/**
 * An answer that won and is in the store.
 */
export type Accepted = {
/**
 * The session.
 */
session_id: SessionId,
/**
 * The question.
 */
request_id: RequestId,
/**
 * Where the session stands then.
 */
status: Status, };

/**
 * A problem as it is told.
 */
export type Problem = {
/**
 * Always `about:blank`: `code` says what it is.
 */
type: string,
/**
 * The words of the HTTP status.
 */
title: string,
/**
 * The HTTP status.
 */
status: number,
/**
 * What went wrong, for people.
 */
detail: string,
/**
 * What went wrong, as a stable word.
 */
code: string,
/**
 * Everything that is wrong with the request, place by place.
 */
errors?: Array<Fault>,
/**
 * The answer that was first, with `already_answered`.
 */
winner?: Winner, };
