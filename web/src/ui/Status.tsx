/** A session's status as an icon and words: never colour alone. */

import type { ReactNode } from "react";
import type { Status } from "@callboard/client";
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

export function StatusBadge({ status, compact = false }: { status: Status | null; compact?: boolean }): ReactNode {
  const { words, icon, tone } = status ? SHOWN[status] : { words: "Connecting…", icon: "spin" as const, tone: "queued" };
  return (
    <span className={compact ? "status compact" : "status"} data-status={status ?? "unknown"} data-tone={tone}>
      <Icon name={icon} />
      <span className="status-words">{words}</span>
    </span>
  );
}
