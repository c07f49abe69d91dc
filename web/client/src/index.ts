/** A client for Callboard: starts, watches and steers its sessions, from a browser or from Node. */

export type { AdminCalls } from "./admin/calls.js";
export type { CredentialCalls, NewKey, NewUser } from "./admin/credentials.js";
export type { Broadcast, ConnectionPage, ConnectionRow, EventPriority, Health } from "./admin/types.js";
export type { AgentCalls } from "./agents/calls.js";
export { readFinding } from "./agents/read.js";
export { REPORT_FORMATS, SEVERITIES } from "./agents/types.js";
export type { AuditOptions, DocumentLine, Finding, FindingPlace, KickoffOptions, ProjectFile, ReportFormat, Severity } from "./agents/types.js";
export { createClient, type Client, type ClientOptions } from "./client.js";
export { afterClose, pauseBefore, reasonFor, type AfterClose } from "./close.js";
export { isTheEnd, SessionConnection, type SessionOptions } from "./connection.js";
export { EventFeed, type FeedOptions, type Missed } from "./events/feed.js";
export { Ledger, type EventRow, type GapRow, type Row } from "./events/ledger.js";
export { EventLog, type Found } from "./events/log.js";
export { EventStore, type EventTable } from "./events/store.js";
export { Track, type Hole } from "./events/track.js";
export { fits, PRIORITIES, readPosition, takes, wantsAll } from "./events/types.js";
export type { DeclaredType, EventPage, EventWants, NewEvent, Position, ServerEvent } from "./events/types.js";
export { byDeadline, InboxStore, type Closing, type Inbox } from "./inbox/store.js";
export { isNumber, parseJson, readNumber, writeJson } from "./exact.js";
export { CallboardError } from "./http.js";
export { Identity, type IdentityOptions, type Token } from "./identity/identity.js";
export type { Identified, TokenStorage } from "./identity/types.js";
export type { MetricsCalls } from "./metrics/calls.js";
export { MetricsConnection, type MetricsOptions } from "./metrics/connection.js";
export type { KindCounts, Latencies, MemberNumbers, ModelNumbers, Percentiles, Rates, Snapshot, WorkflowNumbers } from "./metrics/types.js";
export { answerersOf, hasEnded, isWaiting, whoIs } from "./model.js";
export type { Draft, Mark, Notice, Outcome, Progress, Replay, SessionState, StreamLine } from "./model.js";
export { record } from "./record.js";
export { fieldErrors } from "./field_errors.js";
export type { SharedCalls, SharedQuestion } from "./shared.js";
export { SessionStore } from "./store.js";
export type { Answer, Connection, CustomEntry, JournalEntry, ListOptions, Message, OpenRequest, Saying, StartOptions } from "./types.js";
export { faultsIn, type By, type Saving, type WorkflowCalls } from "./workflows/calls.js";
export { WorkflowConnection, type WorkflowOptions } from "./workflows/connection.js";
export type { Learned, Live, Run, WorkflowState } from "./workflows/model.js";
export { WorkflowStore } from "./workflows/store.js";
export type {
  ContinuousUpdate, InputApplied, LiveOptions, NodeOutputs, NodeRun, RunOptions, StoredWorkflow, WorkflowDraft, WorkflowEvent, WorkflowEventData, WorkflowMessage,
} from "./workflows/types.js";
export type * from "./wire/wire.js";
