/** How an agent stands: one word and one colour for each, as for sessions. */

import type { ReactNode } from "react";
import type { IconName } from "../../../ui/Icon";
import { StatusMark } from "../../../ui/Status";

/** `waiting`: it has not begun; `asks`: it waits for a person; `unreached`: all was over before it began. */
export type Standing = "waiting" | "working" | "asks" | "completed" | "failed" | "cancelled" | "unreached";

const SHOWN: Record<Standing, { words: string; icon: IconName; tone: string }> = {
  waiting: { words: "Not started", icon: "clock", tone: "queued" },
  working: { words: "Working", icon: "spin", tone: "running" },
  asks: { words: "Needs you", icon: "hand", tone: "waiting" },
  completed: { words: "Completed", icon: "check", tone: "completed" },
  failed: { words: "Failed", icon: "cross", tone: "failed" },
  cancelled: { words: "Cancelled", icon: "ban", tone: "cancelled" },
  unreached: { words: "Not reached", icon: "ban", tone: "cancelled" },
};

export function standingWords(standing: Standing): string {
  return SHOWN[standing].words;
}

export function RunStatus({ standing }: { standing: Standing }): ReactNode {
  return <StatusMark {...SHOWN[standing]} status={standing === "working" ? "running" : standing} />;
}
