/** How a workflow is to run live: what stands in the form, and what is asked for. */

import { create } from "zustand";
import type { LiveOptions } from "@callboard/client";

/** What stands in the form, as it was typed. */
export interface LiveForm {
  interval: string;
  most: string;
  comesBack: boolean;
}

export const useLiveForm = create<LiveForm>(() => ({ interval: "", most: "", comesBack: false }));

const LONGEST_MS = 86_400_000;

export type ReadOptions = { options: LiveOptions } | { wrong: { interval?: string; most?: string } };

/** Reads the form; what is left empty is as the server has it. */
export function readOptions({ interval, most, comesBack }: LiveForm): ReadOptions {
  const wrong: { interval?: string; most?: string } = {};
  const ms = interval.trim() === "" ? null : Number(interval);
  const iterations = most.trim() === "" ? null : Number(most);
  if (ms !== null && !(Number.isInteger(ms) && ms >= 0 && ms <= LONGEST_MS)) wrong.interval = "A whole number of milliseconds, up to a day.";
  if (iterations !== null && !(Number.isSafeInteger(iterations) && iterations > 0)) wrong.most = "A whole number, 1 or more.";
  if (wrong.interval !== undefined || wrong.most !== undefined) return { wrong };
  return { options: { ...(ms !== null && { interval_ms: ms }), ...(iterations !== null && { max_iterations: iterations }), ...(comesBack && { autostart: true }) } };
}
