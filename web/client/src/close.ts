/** What to do after a WebSocket has closed, and how long to wait before coming back. */

const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 20_000;
/** After these codes the server is hard pressed. */
const PRESSED_PAUSE_MS = 3_000;
const PRESSED = new Set([1013, 4429]);

/** Codes below 4000 after which RFC 6455 makes coming back worth while. */
const COME_BACK = new Set([1001, 1005, 1006, 1011, 1012, 1013, 1014]);

const REASONS: Record<number, string> = {
  1001: "The server is going down.",
  1006: "The connection broke.",
  1009: "The message was too big.",
  1011: "The server failed.",
  1012: "Another server goes on with what this one did.",
  1013: "The server has too many connections, or too much to read.",
  4408: "The server heard nothing from this page for too long.",
  4410: "This page did not read fast enough.",
  4429: "This page sent too many messages.",
  4501: "The login or key is missing, wrong or expired.",
  4503: "This is not allowed: the credential lacks a scope for it, or this page's origin may not use the server.",
  4504: "The server knows no session with this id.",
  4509: "An operator closed the connection.",
};

/** What a close code asks a client to do. */
export type AfterClose = "done" | "reconnect" | "stop";

/** Below 4000 as RFC 6455 says; 4000–4499 come back with `since`; 4500–4999 do not. */
export function afterClose(code: number): AfterClose {
  if (code === 1000) return "done";
  if (code >= 4000) return code < 4500 ? "reconnect" : "stop";
  return COME_BACK.has(code) ? "reconnect" : "stop";
}

/** The server's own wish in the words of a close, in milliseconds: "retry in 1500 ms". */
export function hintIn(reason: string): number | null {
  const found = /retry in (\d{1,7}) ?(ms|s)\b/i.exec(reason);
  if (!found) return null;
  return Number(found[1]) * (found[2]?.toLowerCase() === "s" ? 1000 : 1);
}

/**
 * Milliseconds to wait before try number `attempt`, from 0: doubling, the half of it random, so that clients spread.
 * A hint of the server stands in the place of the doubling; it is spread as well.
 */
export function pauseBefore(attempt: number, code: number, hint: number | null, random: number): number {
  if (hint !== null) return Math.min(hint, 60_000) * (1 + random / 4);
  const full = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10));
  const least = PRESSED.has(code) ? PRESSED_PAUSE_MS : 0;
  return Math.max(least, full / 2) + random * (full / 2);
}

/** Why a connection has closed, for people. */
export function reasonFor(code: number, said = ""): string {
  const known = REASONS[code];
  if (known) return known;
  return said ? `The server closed the connection: ${said}.` : `The connection was closed (code ${code}).`;
}
