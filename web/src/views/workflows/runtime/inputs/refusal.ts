/** Why a live workflow did not take a change, for people. */

import type { CallboardError } from "@callboard/client";

export interface Refusal {
  words: string;
  /** Whether the value itself is what is wrong. */
  isWrong: boolean;
}

export function refusalWords(error: CallboardError | null): Refusal {
  switch (error?.code) {
    case "unknown_node":
    case "unknown_input":
    case "input_is_linked":
      return { words: "The live workflow does not have this input yet: save, and it goes on with it.", isWrong: false };
    case "unknown_workflow":
      return { words: "It is not live any more; the change is in the draft.", isWrong: false };
    case "unreachable":
      return { words: `The change is in the draft. ${error.message}`, isWrong: false };
    case undefined:
      return { words: "The change is in the draft; the live workflow did not take it.", isWrong: false };
    default:
      return { words: sentence(error?.message ?? ""), isWrong: true };
  }
}

export function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
