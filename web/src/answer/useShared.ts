/** The question of a link, looked after until it is over: it may be answered elsewhere, or withdrawn. */

import { useEffect, useRef, useState } from "react";
import { CallboardError, fieldErrors, type Answer, type Client, type FieldError, type SharedQuestion } from "@callboard/client";

/** Why there is nothing to answer. `given`: it was answered here. */
export type OverReason = "incomplete" | "wrong" | "used" | "expired" | "elsewhere" | "withdrawn" | "given";

export interface Shared {
  question: SharedQuestion | null;
  over: Exclude<OverReason, "incomplete" | "given"> | null;
  /** The answer that was taken. */
  given: Answer | null;
  isSending: boolean;
  errors: readonly FieldError[];
  /** What went wrong last and may be tried again, for people. */
  trouble: string | null;
  answer: (answer: Answer) => Promise<void>;
}

/** So often it is looked whether the question is still open. */
const EVERY_MS = 10_000;
const AGAIN_MS = 3000;

/** Why the link is over, from a refusal; null where it may not be. */
export function overBy(error: unknown): Shared["over"] {
  if (!(error instanceof CallboardError)) return null;
  if (error.status === 401 || error.status === 404) return "wrong";
  if (error.status !== 410 && error.status !== 409) return null;
  if (error.code === "link_expired") return "expired";
  if (error.code === "link_used") return "used";
  return error.code === "already_answered" ? "elsewhere" : "withdrawn";
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const NO_ERRORS: readonly FieldError[] = [];

export function useShared(client: Client): Shared {
  const [question, setQuestion] = useState<SharedQuestion | null>(null);
  const [over, setOver] = useState<Shared["over"]>(null);
  const [given, setGiven] = useState<Answer | null>(null);
  const [isSending, setSending] = useState(false);
  const [errors, setErrors] = useState(NO_ERRORS);
  const [trouble, setTrouble] = useState<string | null>(null);
  const isOver = over !== null || given !== null;
  const busy = useRef(false);

  useEffect(() => {
    if (isOver) return undefined;
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      clearTimeout(timer);
      let pause = EVERY_MS;
      try {
        const found = await client.shared.read(gone.signal);
        // The same question stays the same object, so that a form is not begun anew.
        setQuestion((before) => (before?.request.id === found.request.id ? before : found));
        setTrouble((before) => (busy.current ? before : null));
      } catch (error) {
        if (gone.signal.aborted || busy.current) return;
        const reason = overBy(error);
        if (reason !== null) return setOver(reason);
        setTrouble(words(error));
        pause = error instanceof CallboardError && error.retryAfter !== null ? error.retryAfter * 1000 : AGAIN_MS;
      }
      if (!gone.signal.aborted) timer = setTimeout(() => void look(), pause);
    };
    const woken = (): void => void (document.hidden || look());
    document.addEventListener("visibilitychange", woken);
    void look();
    return () => {
      gone.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", woken);
    };
  }, [client, isOver]);

  const answer = async (value: Answer): Promise<void> => {
    if (busy.current) return;
    busy.current = true;
    setSending(true);
    setErrors(NO_ERRORS);
    setTrouble(null);
    try {
      await client.shared.answer(value);
      setGiven(value);
    } catch (error) {
      const reason = overBy(error);
      const wrong = error instanceof CallboardError ? fieldErrors(error) : NO_ERRORS;
      if (reason !== null) setOver(reason);
      else if (wrong.length > 0) setErrors(wrong);
      else setTrouble(words(error));
    } finally {
      busy.current = false;
      setSending(false);
    }
  };
  return { question, over, given, isSending, errors, trouble, answer };
}
