/** An input's value and the way to change it: in the draft always, and at once in a workflow that is live. */

import { useCallback, useEffect, useRef, useState } from "react";
import { writeJson, CallboardError } from "@callboard/client";
import { useEditor } from "../../editor";
import type { GraphNode, InputPort, Json } from "../../model";
import { useIsLive, useLiveInput, useRuntime } from "../runtime";
import { refusalWords, type Refusal } from "./refusal";
import { Pace } from "./pace";

export interface InputState {
  /** What is shown. */
  value: Json;
  /** Why the live workflow did not take the last change. */
  refusal: Refusal | null;
  /** Changes it. With `goBack` a change that is refused is taken back at once; without, when `settle` is called. */
  change: (value: Json, how?: { goBack: boolean }) => void;
  /** Takes back a change that was refused. */
  settle: () => void;
}

/** A live workflow hears of a change this often at most; the last one always goes out. */
const PACE_MS = 60;

export function useInput(node: GraphNode, input: InputPort): InputState {
  const isLive = useIsLive();
  const liveValue = useLiveInput(node.id, input.name);
  const known = isLive && liveValue !== undefined ? liveValue : node.inputs[input.name] !== undefined ? node.inputs[input.name] : input.default;
  const [mine, setMine] = useMine(known);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  /** What it was before the first change that has no answer yet. */
  const before = useRef<{ value: Json } | null>(null);
  const pace = useRef<Pace<{ value: Json; goBack: boolean }> | null>(null);
  const place = useRef({ node: node.id, input: input.name });
  place.current = { node: node.id, input: input.name };

  const settle = useCallback(() => {
    const held = before.current;
    before.current = null;
    setRefusal(null);
    if (!held) return;
    setMine(null);
    useEditor.getState().setInput(place.current.node, place.current.input, held.value);
  }, [setMine]);

  const send = useCallback(
    async ({ value, goBack }: { value: Json; goBack: boolean }) => {
      const { store } = useRuntime.getState();
      if (!store) return;
      try {
        await store.setInput(place.current.node, place.current.input, value);
        before.current = null;
        setRefusal(null);
      } catch (error) {
        const found = refusalWords(error instanceof CallboardError ? error : null);
        setRefusal(found);
        // What the live workflow does not know yet, or what may have arrived, stays in the draft.
        if (!found.isWrong) before.current = null;
        else if (goBack) {
          settle();
          setRefusal(found);
        }
      }
    },
    [settle],
  );

  useEffect(() => {
    const made = new Pace(PACE_MS, (what: { value: Json; goBack: boolean }) => void send(what));
    pace.current = made;
    return () => made.end();
  }, [send]);
  useEffect(() => {
    if (!isLive) setRefusal(null);
  }, [isLive]);

  const change = (value: Json, { goBack } = { goBack: false }): void => {
    if (isLive) before.current ??= { value: known };
    setMine(value);
    useEditor.getState().setInput(node.id, input.name, value);
    if (isLive) pace.current?.put({ value, goBack });
  };
  return { value: mine === null ? known : mine.value, refusal, change, settle: () => refusal?.isWrong && settle() };
}

/**
 * What was typed here is shown until it has come round through the draft: a control that waits for that loses its
 * place in the text. What comes from elsewhere, as from undo, takes its place.
 */
function useMine(known: Json): [{ value: Json } | null, (value: Json | null) => void] {
  const [mine, put] = useState<{ value: Json } | null>(null);
  const typed = useRef(new Set<string>());
  const key = writeJson(known);
  const mineKey = mine === null ? null : writeJson(mine.value);
  useEffect(() => {
    if (mineKey === null || (typed.current.has(key) && key !== mineKey)) return;
    typed.current.clear();
    put(null);
    // It looks at what is known only when that changes: what was typed last has not come round yet.
  }, [key]);
  const set = useCallback((value: Json | null) => {
    if (value === null) typed.current.clear();
    else typed.current.add(writeJson(value));
    put(value === null ? null : { value });
  }, []);
  return [mine, set];
}
