/** One turn of the conversation that is no line of output: a question, an answer, an attempt that failed, an end, a child. */

import { memo, type ReactNode } from "react";
import { whoIs, writeJson, type JournalEntry, type SessionRow } from "@callboard/client";
import { Icon, type IconName } from "../../../../ui/Icon";
import { Link } from "../../../../shell/router";
import { statusWords, StatusBadge } from "../../../../ui/Status";
import { clock, span } from "../../../../ui/time";
import { Value } from "../../../../ui/Value";
import { answerWords } from "../brief";
import { sessionPath, titleOf } from "../../../../ui/names";
import { Marked } from "./Line";
import type { Index } from "./rows";

type Tone = "waiting" | "answer" | "failed" | "completed" | "cancelled" | "plain";

interface Words {
  tone: Tone;
  icon: IconName;
  /** Who or what it is about. */
  lead: ReactNode;
  text?: string;
  more?: ReactNode;
}

interface Props {
  entry: JournalEntry;
  index: Index;
  wanted: string;
}

export const Turn = memo(function Turn({ entry, index, wanted }: Props): ReactNode {
  const { tone, icon, lead, text, more } = wordsOf(entry, index);
  return (
    <div className="turn-body" data-tone={tone} data-type={entry.type}>
      <Icon name={icon} />
      <div className="turn-text">
        <p>
          {entry.lane && <span className="lane">{entry.lane}</span>}
          <span className="turn-lead">{lead}</span>
          {text && (
            <span className="turn-said">
              <Marked text={text} wanted={wanted} />
            </span>
          )}
        </p>
        {more}
      </div>
      <time>{clock(entry.timestamp)}</time>
    </div>
  );
});

function wordsOf(entry: JournalEntry, index: Index): Words {
  switch (entry.type) {
    case "request_confirmation":
      return { tone: "waiting", icon: "hand", lead: "Asked", text: entry.message };
    case "request_user_input": {
      const names = entry.fields.map(({ name, description }) => description || name).join(", ");
      return { tone: "waiting", icon: "hand", lead: "Asked", text: entry.message || `for ${names}`, more: entry.message ? <p className="muted">{names}</p> : null };
    }
    case "answer_given":
      return { tone: "answer", icon: "person", lead: <><strong>{answerWords(entry.value)}</strong> by {whoIs(entry.by)}</>, text: `${entry.missing} more needed` };
    case "answered":
      return answer(entry, index);
    case "task_failed":
      return entry.request_id
        ? { tone: "failed", icon: "cross", lead: `Attempt ${entry.attempt} failed`, text: entry.error, more: <p className="muted">Asked whether to try again</p> }
        : { tone: "failed", icon: "cross", lead: "Failed", text: entry.error };
    case "task_completed":
      return { tone: "completed", icon: "check", lead: "Completed" };
    case "task_cancelled":
      return { tone: "cancelled", icon: "ban", lead: "Cancelled", text: entry.reason };
    case "recovered":
      return { tone: "plain", icon: "server", lead: "The server restarted and continued this session", text: entry.cause };
    case "status":
      return { tone: "plain", icon: "right", lead: statusWords(entry.status), text: entry.attempt > 1 ? `attempt ${entry.attempt}` : "" };
    default:
      return other(entry);
  }
}

/** Who answered, what, and how long the question was open. */
function answer(entry: Extract<JournalEntry, { type: "answered" }>, index: Index): Words {
  const asked = index.asked.get(entry.request_id);
  const after = asked ? `after ${span(entry.timestamp - asked.timestamp)}` : "";
  const isRetry = asked?.type === "task_failed";
  const said = isRetry && typeof entry.value === "boolean" ? (entry.value ? "Retry" : "Give up") : answerWords(entry.value);
  const values = entry.values && Object.keys(entry.values).length > 0 ? <Value value={entry.values} /> : null;
  if (entry.withdrawn) return { tone: "plain", icon: "ban", lead: "The question was withdrawn", text: after };
  if (entry.timed_out) {
    const none = entry.value === undefined && !entry.values;
    return { tone: "plain", icon: "clock", lead: none ? "Nobody answered in time" : `Nobody answered in time, so: ${entry.values ? "the default values" : said}`, text: after, more: values };
  }
  return {
    tone: "answer",
    icon: "person",
    lead: (
      <>
        <strong>{entry.values ? (values ? "Filled in" : "Sent an empty form") : said}</strong> by {whoIs(entry.by)}
      </>
    ),
    text: after,
    more: values,
  };
}

/** A type of the task's own: its name in words, and what stands in it. */
function other(entry: JournalEntry): Words {
  const { type, seq: _seq, timestamp: _timestamp, lane: _lane, ...rest } = entry as JournalEntry & Record<string, unknown>;
  const words = String(type).replaceAll("_", " ");
  return { tone: "plain", icon: "right", lead: words.charAt(0).toUpperCase() + words.slice(1), text: Object.keys(rest).length > 0 ? writeJson(rest) : "" };
}

export function ChildTurn({ child }: { child: SessionRow }): ReactNode {
  return (
    <div className="turn-body" data-tone="plain" data-type="child">
      <Icon name="workflow" />
      <div className="turn-text">
        <p>
          <span className="turn-lead">Started</span> <Link to={sessionPath(child.session_id)}>{titleOf(child)}</Link> <StatusBadge status={child.status} />
        </p>
      </div>
      <time>{clock(child.created_at)}</time>
    </div>
  );
}
