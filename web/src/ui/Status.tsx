/** A session's status as an icon and words: never colour alone. */

import type { ReactNode } from "react";
import type { SessionRow, Status } from "@callboard/client";
import { Icon, type IconName } from "./Icon";

const SHOWN: Record<Status, { words: string; icon: IconName; tone: string }> = {
  queued: { words: "Queued", icon: "clock", tone: "queued" },
  running: { words: "Running", icon: "spin", tone: "running" },
  waiting_confirmation: { words: "Needs approval", icon: "hand", tone: "waiting" },
  waiting_input: { words: "Needs input", icon: "hand", tone: "waiting" },
  waiting_retry: { words: "Needs a retry", icon: "hand", tone: "waiting" },
  cancelling: { words: "Cancelling…", icon: "ban", tone: "queued" },
  completed: { words: "Completed", icon: "check", tone: "completed" },
  failed: { words: "Failed", icon: "cross", tone: "failed" },
  cancelled: { words: "Cancelled", icon: "ban", tone: "cancelled" },
};

/** A status in words. */
export function statusWords(status: Status | null): string {
  return status ? SHOWN[status].words : "Connecting…";
}

/** What tells a session from others of the same title: how it stands, and the beginning of its id. */
export function sessionNote({ status, session_id: id }: Pick<SessionRow, "status" | "session_id">): string {
  return `${statusWords(status)} · ${id.slice(0, 8)}`;
}

interface Mark {
  words: string;
  icon: IconName;
  tone: string;
  /** What it is to style sheets. */
  status: string;
  compact?: boolean;
}

/** A status as an icon and words, in its tone. */
export function StatusMark({ words, icon, tone, status, compact = false }: Mark): ReactNode {
  return (
    <span className={compact ? "status compact" : "status"} data-status={status} data-tone={tone}>
      <Icon name={icon} />
      <span className="status-words">{words}</span>
    </span>
  );
}

export function StatusBadge({ status, compact = false }: { status: Status | null; compact?: boolean }): ReactNode {
  const shown = status ? SHOWN[status] : { words: "Connecting…", icon: "spin" as const, tone: "queued" };
  return <StatusMark {...shown} status={status ?? "unknown"} compact={compact} />;
}
