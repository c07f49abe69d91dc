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
 * What a session is called among events: the word that its starter chose, else its own id.
 */
export type ExecutionId = string;

/**
 * A moment in microseconds since the Unix epoch; on the wire a number of seconds.
 */
export type Timestamp = number;

/**
 * The state of a session, in the words of the wire.
 */
export type Status = "queued" | "running" | "waiting_confirmation" | "waiting_input" | "waiting_retry" | "cancelling" | "completed" | "failed" | "cancelled";

/**
 * How urgent a session is in the queue; higher ones get a free permit first.
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
 * The value that it starts with, and has where an answer leaves it out.
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
 * The fewest characters (Unicode code points), or choices.
 */
min_length?: number,
/**
 * The most characters (Unicode code points), or choices.
 */
max_length?: number,
/**
 * A regular expression that the whole text must match, as of Rust's `regex`, with ASCII `\d`, `\w`, `\s`; it has no
 * look-around.
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
 * Something about a model's reply that is not as it should be, and did not make the call fail.
 */
export type TurnWarning = "truncated" | "length";

/**
 * What an agent says; `type` says which.
 */
export type AgentEntry = { "type": "agent_started",
/**
 * The agent.
 */
agent_id: string,
/**
 * Its task, where it has one of a name.
 */
task?: string, } | { "type": "agent_event",
/**
 * The agent.
 */
agent_id: string,
/**
 * What happened.
 */
data: Record<string, unknown>, } | { "type": "agent_completed",
/**
 * The agent.
 */
agent_id: string,
/**
 * Its task, where it has one of a name.
 */
task?: string,
/**
 * All that it found, where it looks for something.
 */
findings: unknown[], } | { "type": "agent_error",
/**
 * The agent.
 */
agent_id: string,
/**
 * Its task, where it has one of a name.
 */
task?: string,
/**
 * What went wrong.
 */
error: string, } | { "type": "agent_turn",
/**
 * The agent.
 */
agent_id: string,
/**
 * Its task.
 */
task: string,
/**
 * The id of the model call, as in its `agent_delta`s.
 */
call_id: string,
/**
 * Which turn of the agent at this task, from 1.
 */
turn: number,
/**
 * What the model said.
 */
text: string,
/**
 * What it thought before.
 */
reasoning?: string,
/**
 * What it called: `id`, `name` and `arguments` of each.
 */
tool_calls: { id: string; name: string; arguments: unknown }[],
/**
 * Why it ended, in the server's own words.
 */
finish_reason: string | null,
/**
 * How many bytes of the conversation the model was not given, as it was too long.
 */
left_out_bytes?: number,
/**
 * What is not as it should be with the reply.
 */
warnings?: Array<TurnWarning>,
/**
 * The tokens of the call.
 */
usage: { prompt_tokens: number; completion_tokens: number; estimated?: boolean }, } | { "type": "tool_result",
/**
 * The agent.
 */
agent_id: string,
/**
 * The id of the call, as in `tool_calls`.
 */
call_id: string,
/**
 * The tool.
 */
tool: string,
/**
 * Whether it was done.
 */
ok: boolean,
/**
 * What it gave, or why it was not done.
 */
text: string, } | { "type": "agent_delta",
/**
 * The agent.
 */
agent_id: string,
/**
 * The id of the model call.
 */
call_id: string,
/**
 * Which try of it: the text of earlier ones is void.
 */
try: number,
/**
 * Which part of that try, from 1: a reader that misses one knows that text is missing.
 */
part: number,
/**
 * More of the text.
 */
text: string, };

/**
 * What a question is about, for whoever answers it.
 */
export type RequestContext = {
/**
 * What is asked about, in a few words.
 */
title?: string,
/**
 * Where the question comes from.
 */
source?: RequestSource,
/**
 * The values that led to it, by name.
 */
details?: Record<string, unknown>, };

/**
 * Where a question, or a session, comes from.
 */
export type RequestSource = {
/**
 * The stored workflow; none where a graph that is not stored runs.
 */
workflow_id?: string,
/**
 * The node.
 */
node_id: string,
/**
 * The workflow's name.
 */
workflow_name?: string,
/**
 * The node's title.
 */
node_title?: string, } | {
/**
 * The agent.
 */
agent_id: string,
/**
 * The task that it works on.
 */
task?: string, } | {
/**
 * The parent.
 */
session_id: SessionId, };

/**
 * Who may answer a question, and how many of them have to.
 */
export type Answerers = {
/**
 * Who may see the session while the question is open, and answer, beside its owner: names, and `group:NAME`.
 */
assignees?: Array<string>,
/**
 * How many different people have to say yes; the first no decides.
 */
required_answers?: number,
/**
 * Whether the one who started the session may answer; yes where it is left out.
 */
allow_own?: boolean, };

/**
 * One person's answer to a confirmation that requires several.
 */
export type GivenAnswer = {
/**
 * Who gave it.
 */
by: string,
/**
 * Yes or no.
 */
value: boolean, };

/**
 * What is asked; `type` is that of the entry that asks.
 */
export type Asked = { "type": "request_confirmation",
/**
 * The question.
 */
message: string,
/**
 * The answer that is taken when the time has run out; null in lists where there is none.
 */
default?: boolean | null, } | { "type": "request_user_input",
/**
 * What the form is for.
 */
message?: string,
/**
 * What to fill in.
 */
fields: Array<Field>,
/**
 * The answer that is taken when the time has run out, the values of secrets masked; null in lists where there is none.
 */
default?: Record<string, unknown> | null, } | { "type": "task_failed",
/**
 * What went wrong.
 */
message: string,
/**
 * The attempt that failed, from 1.
 */
attempt: number, };

/**
 * An open question. Moments are seconds since the epoch.
 */
export type ListedRequest = {
/**
 * The session that asks.
 */
session_id: SessionId,
/**
 * Its task's name.
 */
task: string,
/**
 * What lists call the session.
 */
title?: string,
/**
 * Its labels.
 */
labels?: { [key in string]: string },
/**
 * The question's id.
 */
request_id: RequestId,
/**
 * What it is about; null in lists where that is not said.
 */
context?: RequestContext | null,
/**
 * When it was asked.
 */
asked_at: Timestamp,
/**
 * When its time runs out; null in lists where it does not.
 */
expires_at?: Timestamp | null, } & ({ "type": "request_confirmation",
/**
 * The question.
 */
message: string,
/**
 * The answer that is taken when the time has run out; null in lists where there is none.
 */
default?: boolean | null, } | { "type": "request_user_input",
/**
 * What the form is for.
 */
message?: string,
/**
 * What to fill in.
 */
fields: Array<Field>,
/**
 * The answer that is taken when the time has run out, the values of secrets masked; null in lists where there is none.
 */
default?: Record<string, unknown> | null, } | { "type": "task_failed",
/**
 * What went wrong.
 */
message: string,
/**
 * The attempt that failed, from 1.
 */
attempt: number, }) & {
/**
 * Who may see the session while the question is open, and answer, beside its owner: names, and `group:NAME`.
 */
assignees?: Array<string>,
/**
 * How many different people have to say yes; the first no decides.
 */
required_answers?: number,
/**
 * Whether the one who started the session may answer; yes where it is left out.
 */
allow_own?: boolean, };

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
 * Units of work done; not below 0, and a fraction where the task counts so.
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
timeout?: number,
/**
 * When its time runs out, in seconds since the epoch.
 */
expires_at?: Timestamp,
/**
 * The answer that is taken then; where there is none, it counts as no.
 */
default?: boolean,
/**
 * What it is about.
 */
context?: RequestContext,
/**
 * Who may see the session while the question is open, and answer, beside its owner: names, and `group:NAME`.
 */
assignees?: Array<string>,
/**
 * How many different people have to say yes; the first no decides.
 */
required_answers?: number,
/**
 * Whether the one who started the session may answer; yes where it is left out.
 */
allow_own?: boolean, } | { "type": "request_user_input",
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
timeout?: number,
/**
 * When its time runs out, in seconds since the epoch.
 */
expires_at?: Timestamp,
/**
 * The answer that is taken then, the values of secrets masked; where there is none, the task has to do without.
 */
default?: Record<string, unknown>,
/**
 * What it is about.
 */
context?: RequestContext,
/**
 * Who may see the session while the question is open, and answer, beside its owner: names, and `group:NAME`.
 */
assignees?: Array<string>,
/**
 * How many different people have to say yes; the first no decides.
 */
required_answers?: number,
/**
 * Whether the one who started the session may answer; yes where it is left out.
 */
allow_own?: boolean, } | { "type": "answer_given",
/**
 * The question's id.
 */
request_id: RequestId,
/**
 * Who answered.
 */
by: string,
/**
 * The answer.
 */
value: boolean,
/**
 * How many answers are missing still.
 */
missing: number, } | { "type": "answered",
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
timed_out?: boolean,
/**
 * Whether nobody has to answer any more: the task has ended, or no longer asks.
 */
withdrawn?: boolean,
/**
 * All answers that were given, in their order, where the question requires several.
 */
answers?: Array<GivenAnswer>, } | { "type": "task_completed",
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
request_id?: RequestId,
/**
 * What it is about, where `can_retry`.
 */
context?: RequestContext, } | { "type": "task_cancelled",
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
steps_in_doubt: Array<string>, } | AgentEntry;

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
 * Units of work done; not below 0, and a fraction where the task counts so.
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
timeout?: number,
/**
 * When its time runs out, in seconds since the epoch.
 */
expires_at?: Timestamp,
/**
 * The answer that is taken then; where there is none, it counts as no.
 */
default?: boolean,
/**
 * What it is about.
 */
context?: RequestContext,
/**
 * Who may see the session while the question is open, and answer, beside its owner: names, and `group:NAME`.
 */
assignees?: Array<string>,
/**
 * How many different people have to say yes; the first no decides.
 */
required_answers?: number,
/**
 * Whether the one who started the session may answer; yes where it is left out.
 */
allow_own?: boolean, } | { "type": "request_user_input",
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
timeout?: number,
/**
 * When its time runs out, in seconds since the epoch.
 */
expires_at?: Timestamp,
/**
 * The answer that is taken then, the values of secrets masked; where there is none, the task has to do without.
 */
default?: Record<string, unknown>,
/**
 * What it is about.
 */
context?: RequestContext,
/**
 * Who may see the session while the question is open, and answer, beside its owner: names, and `group:NAME`.
 */
assignees?: Array<string>,
/**
 * How many different people have to say yes; the first no decides.
 */
required_answers?: number,
/**
 * Whether the one who started the session may answer; yes where it is left out.
 */
allow_own?: boolean, } | { "type": "answer_given",
/**
 * The question's id.
 */
request_id: RequestId,
/**
 * Who answered.
 */
by: string,
/**
 * The answer.
 */
value: boolean,
/**
 * How many answers are missing still.
 */
missing: number, } | { "type": "answered",
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
timed_out?: boolean,
/**
 * Whether nobody has to answer any more: the task has ended, or no longer asks.
 */
withdrawn?: boolean,
/**
 * All answers that were given, in their order, where the question requires several.
 */
answers?: Array<GivenAnswer>, } | { "type": "task_completed",
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
request_id?: RequestId,
/**
 * What it is about, where `can_retry`.
 */
context?: RequestContext, } | { "type": "task_cancelled",
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
steps_in_doubt: Array<string>, } | AgentEntry);

/**
 * A line, progress or part of an agent's reply that is not saved: it reaches whoever is connected at that moment, has no place in the journal and is
 * never replayed.
 */
export type Unsaved = {
/**
 * The lane of the task that told it, where the task has several.
 */
lane?: string,
/**
 * Always false: this is how it differs from an entry of the journal.
 */
save_state: false,
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
 * Units of work done; not below 0, and a fraction where the task counts so.
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
timeout?: number,
/**
 * When its time runs out, in seconds since the epoch.
 */
expires_at?: Timestamp,
/**
 * The answer that is taken then; where there is none, it counts as no.
 */
default?: boolean,
/**
 * What it is about.
 */
context?: RequestContext,
/**
 * Who may see the session while the question is open, and answer, beside its owner: names, and `group:NAME`.
 */
assignees?: Array<string>,
/**
 * How many different people have to say yes; the first no decides.
 */
required_answers?: number,
/**
 * Whether the one who started the session may answer; yes where it is left out.
 */
allow_own?: boolean, } | { "type": "request_user_input",
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
timeout?: number,
/**
 * When its time runs out, in seconds since the epoch.
 */
expires_at?: Timestamp,
/**
 * The answer that is taken then, the values of secrets masked; where there is none, the task has to do without.
 */
default?: Record<string, unknown>,
/**
 * What it is about.
 */
context?: RequestContext,
/**
 * Who may see the session while the question is open, and answer, beside its owner: names, and `group:NAME`.
 */
assignees?: Array<string>,
/**
 * How many different people have to say yes; the first no decides.
 */
required_answers?: number,
/**
 * Whether the one who started the session may answer; yes where it is left out.
 */
allow_own?: boolean, } | { "type": "answer_given",
/**
 * The question's id.
 */
request_id: RequestId,
/**
 * Who answered.
 */
by: string,
/**
 * The answer.
 */
value: boolean,
/**
 * How many answers are missing still.
 */
missing: number, } | { "type": "answered",
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
timed_out?: boolean,
/**
 * Whether nobody has to answer any more: the task has ended, or no longer asks.
 */
withdrawn?: boolean,
/**
 * All answers that were given, in their order, where the question requires several.
 */
answers?: Array<GivenAnswer>, } | { "type": "task_completed",
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
request_id?: RequestId,
/**
 * What it is about, where `can_retry`.
 */
context?: RequestContext, } | { "type": "task_cancelled",
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
steps_in_doubt: Array<string>, } | AgentEntry);

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
timed_out?: boolean,
/**
 * Whether nobody has to answer any more: the task has ended, or no longer asks.
 */
withdrawn?: boolean,
/**
 * All answers that were given, in their order, where the question requires several.
 */
answers?: Array<GivenAnswer>, };

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
winner?: Winner,
/**
 * The question that is open now, where the answer only repeats the one before.
 */
open_request_id?: string, };

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
 * Who somebody is. Moments are seconds since the epoch.
 */
export type ShownPrincipal = {
/**
 * `known` with a credential of one's own; `operator`, `local` or `visitor` without.
 */
kind: string,
/**
 * Whom the things belong to that are made.
 */
owner: string,
/**
 * What may be done; everything that is allowed to its kind, where it is null.
 */
scopes: Array<string> | null,
/**
 * The groups that the owner is in.
 */
groups: Array<string>,
/**
 * When the credential ends; null where it does not.
 */
expires_at: number | null, };

/**
 * Who the caller is.
 */
export type OwnIdentity = {
/**
 * Who it is.
 */
principal: ShownPrincipal,
/**
 * What to send as `X-CSRF-Token` with each change, where a cookie shows who it is.
 */
csrf_token?: string,
/**
 * After a login over plain HTTP, where browsers keep no such cookie: what to send as `Authorization: Bearer`.
 */
token?: string, };

/**
 * A ticket.
 */
export type IssuedTicket = {
/**
 * What to send, as the subprotocol `callboard.ticket.TICKET` or in the first message.
 */
ticket: string,
/**
 * Seconds for which it is good.
 */
expires_in: number, };

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
 * Whether its sessions are made by the server itself, for workflows and the like: it is not offered to people.
 */
internal: boolean,
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
 * Open questions, in order.
 */
export type OpenQuestions = {
/**
 * The questions.
 */
requests: Array<ListedRequest>,
/**
 * As of when this is so: what changes later reaches those who follow the topic `requests` with this as `since`.
 */
position: string,
/**
 * What to send as `cursor` to get those behind them; null where there are none.
 */
next_cursor: string | null, };

/**
 * An open question, for whoever it is shared with: what is asked, and nothing of its session.
 */
export type SharedRequest = {
/**
 * When it was asked.
 */
asked_at: Timestamp,
/**
 * How many people have to say yes still, where several are required.
 */
missing?: number, } & ({ "type": "status",
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
 * Units of work done; not below 0, and a fraction where the task counts so.
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
timeout?: number,
/**
 * When its time runs out, in seconds since the epoch.
 */
expires_at?: Timestamp,
/**
 * The answer that is taken then; where there is none, it counts as no.
 */
default?: boolean,
/**
 * What it is about.
 */
context?: RequestContext,
/**
 * Who may see the session while the question is open, and answer, beside its owner: names, and `group:NAME`.
 */
assignees?: Array<string>,
/**
 * How many different people have to say yes; the first no decides.
 */
required_answers?: number,
/**
 * Whether the one who started the session may answer; yes where it is left out.
 */
allow_own?: boolean, } | { "type": "request_user_input",
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
timeout?: number,
/**
 * When its time runs out, in seconds since the epoch.
 */
expires_at?: Timestamp,
/**
 * The answer that is taken then, the values of secrets masked; where there is none, the task has to do without.
 */
default?: Record<string, unknown>,
/**
 * What it is about.
 */
context?: RequestContext,
/**
 * Who may see the session while the question is open, and answer, beside its owner: names, and `group:NAME`.
 */
assignees?: Array<string>,
/**
 * How many different people have to say yes; the first no decides.
 */
required_answers?: number,
/**
 * Whether the one who started the session may answer; yes where it is left out.
 */
allow_own?: boolean, } | { "type": "answer_given",
/**
 * The question's id.
 */
request_id: RequestId,
/**
 * Who answered.
 */
by: string,
/**
 * The answer.
 */
value: boolean,
/**
 * How many answers are missing still.
 */
missing: number, } | { "type": "answered",
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
timed_out?: boolean,
/**
 * Whether nobody has to answer any more: the task has ended, or no longer asks.
 */
withdrawn?: boolean,
/**
 * All answers that were given, in their order, where the question requires several.
 */
answers?: Array<GivenAnswer>, } | { "type": "task_completed",
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
request_id?: RequestId,
/**
 * What it is about, where `can_retry`.
 */
context?: RequestContext, } | { "type": "task_cancelled",
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
steps_in_doubt: Array<string>, } | AgentEntry);

/**
 * A share link. Moments are seconds since the epoch.
 */
export type CreatedLink = {
/**
 * Where the question is answered: whoever has this can, once.
 */
url: string,
/**
 * What to show at `/shared`, as `Authorization: Bearer`; it is shown this once.
 */
token: string,
/**
 * Under which name the answer is recorded: `link:NAME`.
 */
by: string,
/**
 * When the link ends; its question may be over before.
 */
expires_at: Timestamp, };

/**
 * What a share link is for. Moments are seconds since the epoch.
 */
export type SharedQuestion = {
/**
 * The question.
 */
request: SharedRequest,
/**
 * Under which name the answer is recorded.
 */
by: string,
/**
 * When the link ends; its question may be over before.
 */
expires_at: Timestamp, };

/**
 * An answer by a share link that is in the store.
 */
export type SharedAnswer = {
/**
 * The question.
 */
request_id: RequestId,
/**
 * Under which name it is recorded.
 */
by: string, };

/**
 * How long a session was in which kind of state, in seconds, until now or its end.
 */
export type Times = {
/**
 * Waiting for a permit to run.
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
 * What it is called: the workflow's name, the question's text, else its label or its input's member `title`.
 */
title: string | null,
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
times: Times,
/**
 * The server that has it, where there are several.
 */
member?: string, };

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
 * What it is called: the workflow's name, the question's text, else its label or its input's member `title`.
 */
title: string | null,
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
times: Times,
/**
 * The server that has it, where there are several.
 */
member?: string, };

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
next_cursor: string | null,
/**
 * Whether all was searched and counted that could be among them. False while not all sessions can be found by words
 * yet, and where there are too many to look at: then `next_cursor` leads to those that were left out.
 */
complete: boolean,
/**
 * How many there are of each status, whatever `status`, `limit` and `cursor` say; only where `counts` asks for it, and
 * without those that no session has.
 */
counts?: Partial<Record<Status, number>>, };

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
 * What it is called among events.
 */
execution_id: ExecutionId,
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
 * What was sent of a session, in the order of what has happened.
 */
export type DeliveryList = { callbacks: Array<ShownDelivery>, };

/**
 * What was sent of a session, or is to be. Moments are seconds since the epoch.
 */
export type ShownDelivery = {
/**
 * Its id, which is also its `webhook-id`.
 */
id: string,
/**
 * Where it goes.
 */
url: string,
/**
 * How it stands.
 */
state: Standing,
/**
 * When it was made.
 */
created_at: number,
/**
 * The last tries, oldest first.
 */
attempts: Array<Attempt>, };

/**
 * How a delivery stands.
 */
export type Standing = "pending" | "delivered" | "given_up";

/**
 * One try. Moments are seconds since the epoch.
 */
export type Attempt = {
/**
 * The status of the answer; null where there was none.
 */
status: number | null,
/**
 * When it was.
 */
at: number,
/**
 * Why there was no answer.
 */
error?: string, };

/**
 * Some agents, in the order of their ids.
 */
export type AgentPage = {
/**
 * The agents.
 */
agents: Array<StoredAgent>,
/**
 * What to send as `cursor` to get those after them; null where there are none.
 */
next_cursor: string | null, };

/**
 * An agent, as it is stored. Moments are seconds since the epoch.
 */
export type StoredAgent = {
/**
 * Its id.
 */
id: string,
/**
 * Whose it is; left out where it is the server's.
 */
owner?: string,
/**
 * Counts up from 1 with every change.
 */
version: number,
/**
 * When it was made.
 */
created_at: Timestamp,
/**
 * When it was changed last.
 */
updated_at: Timestamp,
/**
 * Its name.
 */
name: string,
/**
 * What it is in a crew, such as `researcher`.
 */
role: string,
/**
 * What it is to reach.
 */
goal: string,
/**
 * Where it comes from, which shapes how it speaks.
 */
backstory: string | null,
/**
 * How it works.
 */
kind: AgentKind,
/**
 * The settings of its kind.
 */
config: Record<string, unknown>,
/**
 * What it may use, by name.
 */
tools: Array<string>,
/**
 * The `[model.NAME]` of the settings that it works by; `default` where there is none.
 */
llm: string | null,
/**
 * How many turns it may take for a task.
 */
max_iter: number,
/**
 * Most calls of its model a minute.
 */
max_rpm: number | null,
/**
 * Most seconds that it may work on a task, without the time that it waits for people.
 */
max_execution_time: number | null,
/**
 * How often a task that failed is begun again.
 */
max_retry_limit: number | null,
/**
 * Whether it may hand work to the other agents of its crew.
 */
allow_delegation: boolean,
/**
 * Whether a conversation that is too long for its model is shortened, instead of failing.
 */
respect_context_window: boolean,
/**
 * What becomes of a model call that was under way when the server went down.
 */
on_doubt: OnDoubt, };

/**
 * Some crews, in the order of their ids.
 */
export type CrewPage = {
/**
 * The crews.
 */
crews: Array<StoredCrew>,
/**
 * What to send as `cursor` to get those after them; null where there are none.
 */
next_cursor: string | null, };

/**
 * A crew, as it is stored. Moments are seconds since the epoch.
 */
export type StoredCrew = {
/**
 * Its id.
 */
id: string,
/**
 * Whose it is; left out where it is the server's.
 */
owner?: string,
/**
 * Counts up from 1 with every change.
 */
version: number,
/**
 * When it was made.
 */
created_at: Timestamp,
/**
 * When it was changed last.
 */
updated_at: Timestamp,
/**
 * Its name.
 */
name: string,
/**
 * What it is for.
 */
description: string | null,
/**
 * How it does its tasks.
 */
process: Process,
/**
 * The ids of its agents.
 */
agents: Array<string>,
/**
 * The id of the agent that leads it.
 */
manager_agent: string | null,
/**
 * The `[model.NAME]` that leads it, where no agent does.
 */
manager_llm: string | null,
/**
 * What it does, in order.
 */
tasks: Array<CrewTask>,
/**
 * The inputs of a kickoff that leaves them out.
 */
inputs: Record<string, unknown>,
/**
 * What a kickoff may spend.
 */
budget: BudgetLimits,
/**
 * Its settings.
 */
config: Record<string, unknown>, };

/**
 * A crew that was imported.
 */
export type ImportedCrew = {
/**
 * What of the project was left out, or reads differently here; `loc` is the file, then the path in it.
 */
warnings: Array<Fault>,
/**
 * Its id.
 */
id: string,
/**
 * Whose it is; left out where it is the server's.
 */
owner?: string,
/**
 * Counts up from 1 with every change.
 */
version: number,
/**
 * When it was made.
 */
created_at: Timestamp,
/**
 * When it was changed last.
 */
updated_at: Timestamp,
/**
 * Its name.
 */
name: string,
/**
 * What it is for.
 */
description: string | null,
/**
 * How it does its tasks.
 */
process: Process,
/**
 * The ids of its agents.
 */
agents: Array<string>,
/**
 * The id of the agent that leads it.
 */
manager_agent: string | null,
/**
 * The `[model.NAME]` that leads it, where no agent does.
 */
manager_llm: string | null,
/**
 * What it does, in order.
 */
tasks: Array<CrewTask>,
/**
 * The inputs of a kickoff that leaves them out.
 */
inputs: Record<string, unknown>,
/**
 * What a kickoff may spend.
 */
budget: BudgetLimits,
/**
 * Its settings.
 */
config: Record<string, unknown>, };

/**
 * Some executions, newest first.
 */
export type ExecutionPage = {
/**
 * The executions.
 */
executions: Array<ExecutionRow>,
/**
 * What to send as `cursor` to get older ones; null where there are none.
 */
next_cursor: string | null, };

/**
 * An execution in a list.
 */
export type ExecutionRow = {
/**
 * What it is called: as its starter wanted, else its session's id.
 */
execution_id: ExecutionId,
/**
 * The crew that it is for.
 */
crew_id: string | null,
/**
 * Its id.
 */
session_id: SessionId,
/**
 * The task's name.
 */
task: string,
/**
 * What it is called: the workflow's name, the question's text, else its label or its input's member `title`.
 */
title: string | null,
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
times: Times,
/**
 * The server that has it, where there are several.
 */
member?: string, };

/**
 * All about an execution.
 */
export type ExecutionDetail = {
/**
 * What it is called: as its starter wanted, else its session's id.
 */
execution_id: ExecutionId,
/**
 * The crew that it is for.
 */
crew_id: string | null,
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
 * What it is called: the workflow's name, the question's text, else its label or its input's member `title`.
 */
title: string | null,
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
times: Times,
/**
 * The server that has it, where there are several.
 */
member?: string, };

/**
 * An execution that was started, or asked to stop.
 */
export type ExecutionState = {
/**
 * What it is called: as its starter wanted, else its session's id.
 */
execution_id: ExecutionId,
/**
 * Its session's id.
 */
session_id: SessionId,
/**
 * The task's name; left out in the answer to a cancel.
 */
task?: string,
/**
 * Where it stands.
 */
status: Status, };

/**
 * What a session is among events.
 */
export type ExecutionNames = {
/**
 * What it is called: as its starter wanted, else its session's id.
 */
execution_id: ExecutionId,
/**
 * The crew that it is for.
 */
crew_id: string | null, };

/**
 * What a type of events means.
 */
export type EventType = {
/**
 * What it means, for people.
 */
description: string,
/**
 * The JSON Schema of its `data`; anything fits, where it is left out.
 */
schema: unknown, };

/**
 * A type of events that is declared. Moments are seconds since the epoch.
 */
export type DeclaredType = {
/**
 * Its word.
 */
type: string,
/**
 * Counts up from 1 with every change.
 */
version: number,
/**
 * When it was declared.
 */
created_at: Timestamp,
/**
 * When it was changed last.
 */
updated_at: Timestamp,
/**
 * What it means, for people.
 */
description: string,
/**
 * The JSON Schema of its `data`; anything fits, where it is left out.
 */
schema: unknown, };

/**
 * Some declared types, in the order of their words.
 */
export type EventTypePage = {
/**
 * The types.
 */
event_types: Array<DeclaredType>,
/**
 * What to send as `cursor` to get those after them; null where there are none.
 */
next_cursor: string | null, };

/**
 * What became of the queue.
 */
export type QueueCleared = {
/**
 * How many sessions were cancelled.
 */
cancelled: number, };

/**
 * What is kept under a key. Moments are seconds since the epoch.
 */
export type MemoryKey = {
/**
 * The key.
 */
key: string,
/**
 * Counts up from 1 with every change.
 */
version: number,
/**
 * When it was first kept.
 */
created_at: Timestamp,
/**
 * When it was changed last.
 */
updated_at: Timestamp,
/**
 * When it is removed by itself; null where it is not.
 */
expires_at: Timestamp | null, };

/**
 * Some keys of a client, in their order.
 */
export type MemoryPage = {
/**
 * The client.
 */
client_id: string,
/**
 * The keys.
 */
keys: Array<MemoryKey>,
/**
 * What to send as `cursor` to get those after them; null where there are none.
 */
next_cursor: string | null, };

/**
 * What became of a client's memory.
 */
export type MemoryCleared = {
/**
 * The client.
 */
client_id: string,
/**
 * How many keys were removed.
 */
cleared: number, };

/**
 * A problem as it is sent.
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
winner?: Winner,
/**
 * The question that is open now, with `already_answered` where the answer only repeats the one before.
 */
open_request_id?: string,
/**
 * The version that the workflow has now, with `version_conflict`.
 */
current_version?: number,
/**
 * What is wrong with the graph, by the ids of its nodes, with `invalid_graph`.
 */
node_errors?: { [key in string]: NodeFaults },
/**
 * What is wrong with the graph as a whole, with `invalid_graph`.
 */
graph_errors?: Array<GraphFault>,
/**
 * Which events there are, with `position_unknown` and `position_too_old`.
 */
data?: LogSpan, };

/**
 * Which events there are.
 */
export type LogSpan = {
/**
 * Which log this is: a word that is made with the database.
 */
epoch: string,
/**
 * The place of the oldest event that is kept.
 */
first_seq: number,
/**
 * The place of the newest event.
 */
last_seq: number, };

/**
 * Somebody who does tasks.
 */
export type Agent = {
/**
 * Its name.
 */
name: string,
/**
 * What it is in a crew, such as `researcher`.
 */
role: string,
/**
 * What it is to reach.
 */
goal: string,
/**
 * Where it comes from, which shapes how it speaks.
 */
backstory: string | null,
/**
 * How it works.
 */
kind: AgentKind,
/**
 * The settings of its kind.
 */
config: Record<string, unknown>,
/**
 * What it may use, by name.
 */
tools: Array<string>,
/**
 * The `[model.NAME]` of the settings that it works by; `default` where there is none.
 */
llm: string | null,
/**
 * How many turns it may take for a task.
 */
max_iter: number,
/**
 * Most calls of its model a minute.
 */
max_rpm: number | null,
/**
 * Most seconds that it may work on a task, without the time that it waits for people.
 */
max_execution_time: number | null,
/**
 * How often a task that failed is begun again.
 */
max_retry_limit: number | null,
/**
 * Whether it may hand work to the other agents of its crew.
 */
allow_delegation: boolean,
/**
 * Whether a conversation that is too long for its model is shortened, instead of failing.
 */
respect_context_window: boolean,
/**
 * What becomes of a model call that was under way when the server went down.
 */
on_doubt: OnDoubt, };

/**
 * How an agent works.
 */
export type AgentKind = "check" | "model" | "command" | "http";

/**
 * Agents who work together.
 */
export type Crew = {
/**
 * Its name.
 */
name: string,
/**
 * What it is for.
 */
description: string | null,
/**
 * How it does its tasks.
 */
process: Process,
/**
 * The ids of its agents.
 */
agents: Array<string>,
/**
 * The id of the agent that leads it.
 */
manager_agent: string | null,
/**
 * The `[model.NAME]` that leads it, where no agent does.
 */
manager_llm: string | null,
/**
 * What it does, in order.
 */
tasks: Array<CrewTask>,
/**
 * The inputs of a kickoff that leaves them out.
 */
inputs: Record<string, unknown>,
/**
 * What a kickoff may spend.
 */
budget: BudgetLimits,
/**
 * Its settings.
 */
config: Record<string, unknown>, };

/**
 * Something that a crew does.
 */
export type CrewTask = {
/**
 * Its name.
 */
name: string,
/**
 * What is to be done; `{topic}` is an input.
 */
description: string,
/**
 * The agent that does it; where it is left out, the agents of the crew take turns.
 */
agent: string | null,
/**
 * What is to come of it.
 */
expected_output: string | null,
/**
 * The earlier tasks whose output it gets; left out, that of all before it.
 */
context: Array<string> | null,
/**
 * Whether later tasks that do not need it begin before it ends.
 */
async_execution: boolean,
/**
 * Whether a person has to accept its output.
 */
human_input: boolean,
/**
 * The JSON Schema that its output has to fit.
 */
output_schema: unknown,
/**
 * What else its output has to be.
 */
guardrail: Guardrail | null,
/**
 * How often an output that is not so is sent back.
 */
guardrail_max_retries: number,
/**
 * Who may see the session while the question is open, and answer, beside its owner: names, and `group:NAME`.
 */
assignees?: Array<string>,
/**
 * How many different people have to say yes; the first no decides.
 */
required_answers?: number,
/**
 * Whether the one who started the session may answer; yes where it is left out.
 */
allow_own?: boolean, };

/**
 * What an output has to be.
 */
export type Guardrail = string | GuardrailRules;

/**
 * Rules for an output. Those that need no model are looked at first.
 */
export type GuardrailRules = {
/**
 * A JSON Schema that it fits.
 */
schema: unknown,
/**
 * A regular expression that is found in it.
 */
pattern: string | null,
/**
 * A text that stands in it.
 */
contains: string | null,
/**
 * A text that does not stand in it.
 */
excludes: string | null,
/**
 * The fewest characters.
 */
min_length: number | null,
/**
 * The most characters.
 */
max_length: number | null,
/**
 * What else it has to be, in words; the agent's model judges that.
 */
judge: string | null, };

/**
 * What a session of agents may spend; what is left out is as the settings say.
 */
export type BudgetLimits = {
/**
 * Most tokens, sent and received.
 */
tokens: number | null,
/**
 * Most model calls.
 */
turns: number | null,
/**
 * Most seconds of work, without the time that agents wait for people.
 */
seconds: number | null,
/**
 * The highest cost, by the prices of the models.
 */
cost: number | null, };

/**
 * What becomes of a model call that was under way when the server went down.
 */
export type OnDoubt = "rerun" | "ask";

/**
 * A crew that has begun.
 */
export type KickedOff = {
/**
 * What it is called: as its starter wanted, else its session's id.
 */
execution_id: ExecutionId,
/**
 * Its session's id.
 */
session_id: SessionId, };

/**
 * How a crew does its tasks.
 */
export type Process = "sequential" | "hierarchical";

/**
 * An audit that has started.
 */
export type StartedAudit = {
/**
 * Its id.
 */
audit_id: SessionId,
/**
 * The id of its session, which is the same.
 */
session_id: SessionId,
/**
 * The ids of its agents.
 */
agents: Array<string>, };

/**
 * An audit as it stands.
 */
export type AuditState = {
/**
 * Its id.
 */
audit_id: string,
/**
 * Where its session stands.
 */
status: Status,
/**
 * What the document is called.
 */
name: string,
/**
 * Its agents, by id.
 */
agents: { [key in string]: AgentState },
/**
 * What each has found so far.
 */
findings: Record<string, unknown[]>, };

/**
 * A document as it was read.
 */
export type AuditDocument = {
/**
 * What it is called.
 */
name: string,
/**
 * Its media type.
 */
media_type: string,
/**
 * Its lines, in order.
 */
lines: { text: string; line: number; column?: number; page?: number; table?: number; row?: number }[],
/**
 * Whether these are all of them.
 */
complete: boolean, };

/**
 * How an agent of an audit stands.
 */
export type AgentState = {
/**
 * `waiting`, `running`, `completed`, `failed` or `cancelled`.
 */
status: string,
/**
 * How far it is.
 */
progress?: { done: number; total: number },
/**
 * Why it failed.
 */
error?: string,
/**
 * How many findings were dropped: what they quote is not in the document, or they are too many.
 */
dropped?: number, };

/**
 * What a port takes or gives.
 */
export type PortType = "json" | "text" | "number" | "integer" | "boolean" | "list" | "object";

/**
 * How an input is best edited.
 */
export type Widget = "plain" | "multiline" | "code";

/**
 * An input of a node class.
 */
export type InputPort = {
/**
 * Its name, unique among the inputs of the class.
 */
name: string,
/**
 * What it takes.
 */
type: PortType,
/**
 * What it is for, in a sentence.
 */
description: string,
/**
 * Whether it must have a constant or a link.
 */
required: boolean,
/**
 * What it is where it has neither.
 */
default?: unknown,
/**
 * The smallest number.
 */
min?: number,
/**
 * The largest number.
 */
max?: number,
/**
 * What there is to choose from; anything where it is empty.
 */
choices?: Array<string>,
/**
 * Whether what it is linked to runs only when the node asks for it.
 */
lazy: boolean,
/**
 * How it is best edited.
 */
widget: Widget,
/**
 * Whether few need it, so that it is best kept out of sight until it is set, linked or asked for.
 */
advanced: boolean, };

/**
 * An output of a node class.
 */
export type OutputPort = {
/**
 * Its name, unique among the outputs of the class.
 */
name: string,
/**
 * What it gives.
 */
type: PortType,
/**
 * What it is, in a sentence.
 */
description: string, };

/**
 * What a class is, as `GET /nodes` describes it.
 */
export type NodeClass = {
/**
 * The class's name, unique in a catalogue: `TextInput`.
 */
type: string,
/**
 * Where it stands in a palette: `maths`.
 */
category: string,
/**
 * What it does, in a sentence.
 */
description: string,
/**
 * What goes in.
 */
inputs: Array<InputPort>,
/**
 * What comes out.
 */
outputs: Array<OutputPort>,
/**
 * Whether it runs in every iteration, though none of its inputs has changed: a clock.
 */
volatile: boolean,
/**
 * Whether running it waits for something outside: a person, a server, time.
 */
waits: boolean, };

/**
 * A node of a graph.
 */
export type GraphNode = {
/**
 * Its id, unique in its graph: `TextInput-1234`.
 */
id: string,
/**
 * Its class: `TextInput`.
 */
type: string,
/**
 * The constants of its inputs, by name; where an input is linked, the link counts.
 */
inputs: Record<string, unknown>, };

/**
 * A link from an output to an input.
 */
export type Edge = {
/**
 * The id of the node whose output it is.
 */
source: string,
/**
 * The output's name.
 */
source_output: string,
/**
 * The id of the node whose input it is.
 */
target: string,
/**
 * The input's name.
 */
target_input: string, };

/**
 * A graph.
 */
export type Graph = {
/**
 * Its nodes; their ids are unique.
 */
nodes: Array<GraphNode>,
/**
 * What links them.
 */
edges: Array<Edge>, };

/**
 * A workflow as it is stored.
 */
export type Workflow = {
/**
 * Its id: 1 to 64 letters, digits, `_`, `-` and `.`.
 */
id: string,
/**
 * Whose it is; the server's where it is left out.
 */
owner?: string,
/**
 * Its name, for people.
 */
name: string,
/**
 * Counts up from 1 with every change.
 */
version: number,
/**
 * Who changed it last, where they said.
 */
author?: string,
/**
 * When it was made.
 */
created_at: number,
/**
 * When it was changed last.
 */
updated_at: number,
/**
 * Whether it becomes live again by itself when the server was stopped while it was live.
 */
autostart: boolean,
/**
 * Its nodes; their ids are unique.
 */
nodes: Array<GraphNode>,
/**
 * What links them.
 */
edges: Array<Edge>, };

/**
 * What may be wrong.
 */
export type GraphFaultKind = "missing_node_type" | "duplicate_node_id" | "required_input_missing" | "unknown_input" | "bad_linked_input" | "return_type_mismatch" | "invalid_input_type" | "value_not_in_list" | "value_smaller_than_min" | "value_bigger_than_max" | "custom_validation_failed" | "dependency_cycle" | "too_large" | "too_many_faults";

/**
 * One thing that is wrong.
 */
export type GraphFault = {
/**
 * What, in a word.
 */
type: GraphFaultKind,
/**
 * What, in a sentence.
 */
message: string,
/**
 * Where and how exactly, for people.
 */
details: string,
/**
 * The same for programs: `input_name`, `received`, `cycle` and so on.
 */
extra_info: Record<string, unknown>, };

/**
 * What is wrong with one node.
 */
export type NodeFaults = {
/**
 * Its class; empty where there is no such node.
 */
class_type: string,
/**
 * What is wrong.
 */
errors: Array<GraphFault>,
/**
 * The ids of the nodes at the graph's end that need it, itself where nothing is below it; at most 100.
 */
dependent_outputs: Array<string>, };

/**
 * Everything that is wrong with a graph.
 */
export type GraphFaults = {
/**
 * By the id of the node.
 */
node_errors: { [key in string]: NodeFaults },
/**
 * What is wrong with the graph as a whole: it is too large, or has more faults than are listed.
 */
graph_errors?: Array<GraphFault>, };

/**
 * Where a node stands.
 */
export type NodeState = "idle" | "queued" | "executing" | "completed" | "cached" | "waiting" | "blocked" | "error";

/**
 * Whether a live workflow runs.
 */
export type LiveState = "running" | "parked" | "paused" | "stopped";

/**
 * More about how a node stands.
 */
export type NodeDetail = {
/**
 * Where it stands; only within a status.
 */
state?: NodeState,
/**
 * When it last began to run.
 */
start_time?: Timestamp,
/**
 * Its outputs; null while it has none. Left out within a status, whose `results` has them.
 */
result?: Record<string, unknown> | null,
/**
 * How long its last run took, in milliseconds, where that was measured.
 */
duration_ms?: number,
/**
 * How often it has run.
 */
runs: number,
/**
 * Why it has failed.
 */
error?: string,
/**
 * The session that asks the person it waits for, or that is the task it waits for.
 */
session_id?: SessionId,
/**
 * The node whose failure blocks it.
 */
blocked_by?: string,
/**
 * The last line that it logged.
 */
said?: string, };

/**
 * How a live workflow stands.
 */
export type WorkflowStatus = {
/**
 * The workflow.
 */
workflow_id: string,
/**
 * Whether it is live and not paused.
 */
is_running: boolean,
/**
 * How many iterations there were.
 */
execution_count: number,
/**
 * The outputs of all nodes, by their ids.
 */
results: Record<string, Record<string, unknown>>,
/**
 * More exactly than `is_running`.
 */
state: LiveState,
/**
 * The version of the workflow that runs.
 */
version: number,
/**
 * How many nodes it has.
 */
node_count: number,
/**
 * Milliseconds between two iterations.
 */
interval_ms: number,
/**
 * After how many iterations it stops by itself.
 */
max_iterations?: number,
/**
 * When it was started.
 */
started_at?: Timestamp,
/**
 * Where its nodes stand, by their ids; those that are idle are left out.
 */
node_states: { [key in string]: NodeDetail },
/**
 * The inputs that were changed since the start, by node and input.
 */
inputs: Record<string, Record<string, unknown>>,
/**
 * The `seq` of the last message about it: `?since=` goes on from there. 0 where none is known.
 */
last_seq: number,
/**
 * Whether not all could be sent that the client has missed.
 */
gap?: boolean,
/**
 * Why it does not become live again by itself, until somebody starts it: the server ended several times in a row soon
 * after it had become live, or an operator has put it in quarantine.
 */
pause_reason?: string, };

/**
 * What may happen to a workflow.
 */
export type WorkflowEventName = "continuous_started" | "continuous_stopped" | "execution_started" | "execution_completed" | "execution_failed" | "workflow_updated";

/**
 * A type of ports.
 */
export type TypeInfo = {
/**
 * Its name.
 */
name: PortType,
/**
 * The types of outputs that an input of this type may be linked to.
 */
takes: Array<PortType>, };

/**
 * What workflows are made of.
 */
export type NodeList = {
/**
 * The node classes, in the order of their names.
 */
nodes: Array<NodeClass>,
/**
 * Which type may be linked to which.
 */
types: Array<TypeInfo>, };

/**
 * A workflow in a list. Moments are seconds since the epoch.
 */
export type WorkflowRow = {
/**
 * Its id.
 */
id: string,
/**
 * Whose it is; left out where it is the server's.
 */
owner?: string,
/**
 * Its name.
 */
name: string,
/**
 * Counts up from 1 with every change.
 */
version: number,
/**
 * Who changed it last, where they said.
 */
author: string | null,
/**
 * When it was made.
 */
created_at: Timestamp,
/**
 * When it was changed last.
 */
updated_at: Timestamp,
/**
 * How many nodes it has.
 */
node_count: number,
/**
 * Whether it becomes live again after a restart.
 */
autostart: boolean,
/**
 * Whether it is live and not paused.
 */
is_running: boolean, };

/**
 * Some workflows, in the order of their ids.
 */
export type WorkflowPage = {
/**
 * The workflows.
 */
workflows: Array<WorkflowRow>,
/**
 * What to send as `cursor` to get those after them; null where there are none.
 */
next_cursor: string | null, };

/**
 * What the check of a graph has found.
 */
export type Validated = {
/**
 * Whether it can run; always true where no report was asked for.
 */
valid: boolean,
/**
 * What is wrong, by the id of the node.
 */
node_errors: { [key in string]: NodeFaults },
/**
 * What is wrong with the graph as a whole.
 */
graph_errors?: Array<GraphFault>,
/**
 * How many nodes it has.
 */
node_count: number,
/**
 * The ids of its nodes in the order in which they run; empty where it cannot run.
 */
order: Array<string>, };

/**
 * Workflows that show what can be done.
 */
export type ExampleList = {
/**
 * As `POST /workflows` takes them, each with a `description`.
 */
examples: Array<Graph & { id: string, name: string, description: string }>, };

/**
 * A session that runs a workflow.
 */
export type StartedRun = {
/**
 * The session's id.
 */
session_id: SessionId,
/**
 * The workflow's id.
 */
workflow_id: string,
/**
 * Where the session stands.
 */
status: Status, };

/**
 * The server's own numbers at one moment. Counts go on from the start of the server.
 */
export type MetricsSnapshot = {
/**
 * When it was made, in seconds since the epoch.
 */
time: number,
/**
 * Sessions that have not ended, by status.
 */
sessions: { [key in string]: number },
/**
 * Connections that are open, by kind.
 */
connections: { [key in string]: number },
/**
 * Subscriptions of event sockets, by what they ask for.
 */
subscriptions: { [key in string]: number },
/**
 * What happens in a second, since the snapshot before.
 */
rates: MetricsRates,
/**
 * How long things took in the last minute.
 */
latency_ms: MetricsLatencies,
/**
 * Sessions by their task.
 */
kinds: { [key in string]: MetricsKind },
/**
 * The live workflows that had iterations lately.
 */
workflows: Array<MetricsWorkflow>,
/**
 * How many workflows are live.
 */
live_workflows: number,
/**
 * Events that were published, by the family of their type.
 */
events: { [key in string]: number },
/**
 * Messages that were sent to clients.
 */
messages_sent: number,
/**
 * Messages that were dropped because a client did not read.
 */
drops: number,
/**
 * Connections that have gone, by reason.
 */
closes: { [key in string]: number },
/**
 * Memory of the process in bytes.
 */
rss_bytes: number,
/**
 * Processor time of the process in seconds.
 */
cpu_seconds: number,
/**
 * How the store does.
 */
store: MetricsStore,
/**
 * What the models of agents have used.
 */
models: MetricsModels,
/**
 * Which of several servers this is of, and what each of them has; none where there is one server with a store of its own.
 */
members: Array<MetricsMember>, };

/**
 * What happens in a second.
 */
export type MetricsRates = {
/**
 * Messages of clients.
 */
messages_in: number,
/**
 * Messages to clients.
 */
messages_out: number,
/**
 * Bytes of the messages of clients.
 */
bytes_in: number,
/**
 * Bytes to clients.
 */
bytes_out: number,
/**
 * Sessions that were started.
 */
sessions_started: number,
/**
 * Sessions that have ended.
 */
sessions_ended: number,
/**
 * Events that were published.
 */
events: number,
/**
 * Iterations of live workflows.
 */
ticks: number, };

/**
 * How long things took, in milliseconds; of several servers, at the slowest.
 */
export type MetricsLatencies = {
/**
 * Sessions, from start to end, with all their waiting.
 */
start_to_done: MetricsQuantiles,
/**
 * Commits to the store.
 */
commit: MetricsQuantiles,
/**
 * Answers of people.
 */
human_wait: MetricsQuantiles,
/**
 * Run slots.
 */
queue_wait: MetricsQuantiles,
/**
 * Event loops, that woke up later than they were due.
 */
loop_lag: MetricsQuantiles,
/**
 * Iterations of live workflows.
 */
tick: MetricsQuantiles, };

/**
 * What a half, 95 and 99 of 100 took at most, in milliseconds; nothing where there was none in the last minute.
 */
export type MetricsQuantiles = {
/**
 * Half of them.
 */
p50: number | null,
/**
 * 95 of 100.
 */
p95: number | null,
/**
 * 99 of 100.
 */
p99: number | null, };

/**
 * Sessions of one task.
 */
export type MetricsKind = {
/**
 * Those that were started.
 */
started: number,
/**
 * Those that completed.
 */
completed: number,
/**
 * Those that failed.
 */
failed: number,
/**
 * Those that were cancelled.
 */
cancelled: number, };

/**
 * How a live workflow does.
 */
export type MetricsWorkflow = {
/**
 * The workflow.
 */
id: string,
/**
 * Iterations a second.
 */
rate: number,
/**
 * Microseconds that half of its iterations took at most.
 */
tick_p50_us: number,
/**
 * Microseconds that 99 of 100 took at most.
 */
tick_p99_us: number,
/**
 * The nodes that took longest, the slowest first.
 */
slowest: Array<MetricsNode>, };

/**
 * A node that took long.
 */
export type MetricsNode = {
/**
 * The node.
 */
node: string,
/**
 * Milliseconds of its last run.
 */
ms: number, };

/**
 * How the store does.
 */
export type MetricsStore = {
/**
 * Commits a second.
 */
commits_per_second: number,
/**
 * Rows in each of them; nothing where there was none.
 */
rows_per_commit: number | null,
/**
 * Rows that wait to be written.
 */
unwritten_rows: number, };

/**
 * What one of several servers has.
 */
export type MetricsMember = {
/**
 * What it is called.
 */
member: string,
/**
 * Its present membership: another one each time that it joins. Its counts go on from there.
 */
incarnation: string,
/**
 * Connections that are open.
 */
connections: number,
/**
 * Messages to clients in a second.
 */
messages_out: number,
/**
 * Memory of the process in bytes.
 */
rss_bytes: number,
/**
 * Processor time of the process in seconds.
 */
cpu_seconds: number, };

/**
 * What the models of agents have used since the start of the server.
 */
export type MetricsModels = {
/**
 * Replies of models.
 */
turns: number,
/**
 * Tokens that they were sent.
 */
prompt_tokens: number,
/**
 * Tokens of their replies.
 */
completion_tokens: number,
/**
 * What that cost by their prices.
 */
cost: number,
/**
 * Calls that a server refused for now (429).
 */
rate_limited: number,
/**
 * Calls of tools.
 */
tool_calls: number, };

/**
 * The server's own numbers over some time; of several servers, those of all together.
 */
export type MetricsHistory = {
/**
 * Seconds between two of them.
 */
interval: number,
/**
 * The oldest first. Those of a server that was started lately are few.
 */
snapshots: Array<MetricsSnapshot>, };

/**
 * Part of the audit trail.
 */
export type TrailPage = {
/**
 * The entries, in order. There may be fewer than asked for, or none, and more behind them: go on from `next`, until it
 * is the `since` that was asked for.
 */
entries: Array<TrailEntry>,
/**
 * The `since` of the next page.
 */
next: number, };

/**
 * An entry of the audit trail. Moments are seconds since the epoch.
 */
export type TrailEntry = {
/**
 * Its number: there are no gaps.
 */
seq: number,
/**
 * When it was.
 */
time: number,
/**
 * Who it was: an owner; `operator`, `local`, `visitor` or `anonymous`; or `cli`, the command line.
 */
principal: string,
/**
 * What it was, such as `sessions:start`.
 */
action: string,
/**
 * What it was done to.
 */
object: string,
/**
 * The address that it came from; null where it came from the command line.
 */
address: string | null,
/**
 * Whether they might; what was refused changed nothing.
 */
allowed: boolean,
/**
 * The id of the request; null where it was a message on a socket or came from the command line.
 */
request_id: string | null, };

/**
 * The servers that are one.
 */
export type Cluster = {
/**
 * The servers, by their ids; none where there is one server with a store of its own.
 */
members: Array<ClusterMember>,
/**
 * How many parts the sessions are in, each owned by one server.
 */
slots: number,
/**
 * How many of them nobody owns at this moment.
 */
unowned: number,
/**
 * Seconds that the engine took for its last answer; null while it does not answer.
 */
lag: number | null, };

/**
 * One of the servers.
 */
export type ClusterMember = {
/**
 * What it is called.
 */
id: string,
/**
 * Its present membership: another one each time that it joins.
 */
incarnation: string,
/**
 * How people find it.
 */
advertise: string,
/**
 * How many slots it owns.
 */
slots: number,
/**
 * Seconds since it was last seen to live.
 */
beat_age: number,
/**
 * `joining`, `live`, `leaving` or `suspected`.
 */
state: string,
/**
 * Whether it is the one that was asked.
 */
is_this: boolean, };

/**
 * The sockets that receive events.
 */
export type ConnectionList = {
/**
 * How many sockets receive events.
 */
active_connections: number,
/**
 * How many of them asked for what; the thousand most wanted.
 */
subscription_counts: { [key in string]: number },
/**
 * For how many seconds they have been open, on average.
 */
average_connection_duration: number,
/**
 * For how long they and the server have been there.
 */
uptime_statistics: UptimeStatistics,
/**
 * All connections by their kind: those of sessions and workflows, and event streams, as well.
 */
all_sockets: { [key in string]: number },
/**
 * The connections of this page, the oldest first.
 */
connections: Array<ShownConnection>,
/**
 * What to send as `cursor` to get the next page; null where there is none.
 */
next_cursor: string | null, };

/**
 * For how long sockets and the server have been there.
 */
export type UptimeStatistics = {
/**
 * How many sockets receive events.
 */
connections: number,
/**
 * For how many seconds they have been open, on average.
 */
average_duration_seconds: number,
/**
 * For how many seconds the oldest has been open.
 */
longest_duration_seconds: number,
/**
 * Seconds since the server was started.
 */
uptime_seconds: number, };

/**
 * A connection, as operators see it.
 */
export type ShownConnection = {
/**
 * What the client is called; the connection's id where it has no name.
 */
client_id: string,
/**
 * The connection's id.
 */
connection_id: string,
/**
 * The server that has it, where there are several.
 */
member?: string,
/**
 * Which kind of socket it is.
 */
kind: string,
/**
 * Where from.
 */
address: string | null,
/**
 * When it was opened (RFC 3339).
 */
connected_at: string,
/**
 * Seconds since then.
 */
age_seconds: number,
/**
 * Seconds since something was last heard of it.
 */
silent_seconds: number,
/**
 * What it asked for, in the order in which it did; none where it is no event socket.
 */
subscriptions: Array<string>,
/**
 * What it leaves out of that; null where it is no event socket.
 */
filter: ShownFilter | null,
/**
 * Whether it is behind, and reads from the log what it could not be sent.
 */
is_behind: boolean,
/**
 * Messages that came.
 */
messages_received: number,
/**
 * Messages that were sent.
 */
messages_sent: number,
/**
 * Bytes that came.
 */
bytes_received: number,
/**
 * Bytes that were sent.
 */
bytes_sent: number,
/**
 * Messages that were left out because the client did not read.
 */
dropped: number,
/**
 * Bytes that wait for it to read them.
 */
queued_bytes: number,
/**
 * Seconds that bytes have waited while none left; 0 where nothing waits.
 */
lag_seconds: number, };

/**
 * What a connection leaves out of what it asked for; what is null leaves nothing out.
 */
export type ShownFilter = {
/**
 * Other types than these.
 */
types: Array<string> | null,
/**
 * What is less urgent.
 */
min_priority: Priority | null,
/**
 * What does not belong to this execution.
 */
execution_id: string | null,
/**
 * What does not belong to this crew.
 */
crew_id: string | null,
/**
 * What does not belong to this agent.
 */
agent_id: string | null, };

/**
 * That a client was disconnected.
 */
export type DisconnectedClient = {
/**
 * What it is called.
 */
client_id: string, };

/**
 * How many connections were removed.
 */
export type RemovedConnections = {
/**
 * How many.
 */
removed: number, };

/**
 * An API key, without the key itself. Moments are seconds since the epoch.
 */
export type ShownKey = {
/**
 * Its id.
 */
id: string,
/**
 * What it is for.
 */
name: string,
/**
 * Whose it is.
 */
owner: string,
/**
 * What may be done with it.
 */
scopes: Array<string>,
/**
 * When it was made.
 */
created_at: Timestamp,
/**
 * When it ends; null where it does not.
 */
expires_at: number | null, };

/**
 * All API keys.
 */
export type KeyList = {
/**
 * The keys, in the order of their ids.
 */
keys: Array<ShownKey>, };

/**
 * An API key that was just made, with the key itself: it is shown this once.
 */
export type CreatedKey = {
/**
 * The key.
 */
key: string,
/**
 * Its id.
 */
id: string,
/**
 * What it is for.
 */
name: string,
/**
 * Whose it is.
 */
owner: string,
/**
 * What may be done with it.
 */
scopes: Array<string>,
/**
 * When it was made.
 */
created_at: Timestamp,
/**
 * When it ends; null where it does not.
 */
expires_at: number | null, };

/**
 * A user of the page. Moments are seconds since the epoch.
 */
export type ShownUser = {
/**
 * The name, which is the owner of what the user makes.
 */
name: string,
/**
 * What the user may do.
 */
scopes: Array<string>,
/**
 * The groups that the user is in.
 */
groups: Array<string>,
/**
 * When the user was added.
 */
created_at: Timestamp, };

/**
 * All users of the page.
 */
export type UserList = {
/**
 * The users, in the order of their names.
 */
users: Array<ShownUser>, };
