/** What can be done now: the one list that shortcuts, palette and help read. */

import { useEffect, useRef } from "react";
import { create } from "zustand";
import { useIdentified } from "../identity/may";
import { allows, type Scope } from "../identity/scopes";

export interface Command {
  /** Unique while it is there. */
  id: string;
  title: string;
  /** What tells it from others of the same title; the palette shows it beside that. */
  note?: string;
  /** The heading that it stands under. */
  group: string;
  /** Such as `n`, `g t`, `ctrl+k` or `?`; a command without keys is in the palette only. */
  keys?: string;
  /** Other words to find it by. */
  words?: string;
  /** Whether the palette leaves it out. */
  hidden?: boolean;
  /** Whether its keys are the text's own while one types, as those of undo are. */
  leavesTyping?: boolean;
  /** What one has to be allowed to do for it to be offered. */
  scope?: Scope;
  run: () => void;
}

interface Commands {
  sets: ReadonlyMap<symbol, readonly Command[]>;
  put: (key: symbol, commands: readonly Command[]) => void;
  drop: (key: symbol) => void;
}

export const useCommandStore = create<Commands>((set) => ({
  sets: new Map(),
  put: (key, commands) => set(({ sets }) => ({ sets: new Map(sets).set(key, commands) })),
  drop: (key) =>
    set(({ sets }) => {
      const rest = new Map(sets);
      rest.delete(key);
      return { sets: rest };
    }),
}));

/** Offers commands while the component is there; `signature` names what changes them. */
export function useCommands(commands: readonly Command[], signature: string): void {
  const { principal } = useIdentified();
  const latest = useRef(commands);
  latest.current = commands.filter(({ scope }) => scope === undefined || principal === null || allows(principal, scope));
  useEffect(() => {
    const key = Symbol("commands");
    const { put, drop } = useCommandStore.getState();
    // What is run is always the latest, though the list is put up only once for each signature.
    put(key, latest.current.map((command) => ({ ...command, run: () => (latest.current.find(({ id }) => id === command.id) ?? command).run() })));
    return () => drop(key);
  }, [signature, principal]);
}

/** All commands; of two with the same keys, the later set wins. */
export function allCommands(): Command[] {
  return [...useCommandStore.getState().sets.values()].flat();
}

/** So long the first key of a sequence waits for the second. */
const SEQUENCE_MS = 1200;
const MODIFIERS = new Set(["Shift", "Control", "Alt", "Meta", "AltGraph", "CapsLock"]);

function nameOf(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key : event.key.toLowerCase();
  return event.ctrlKey || event.metaKey ? `ctrl+${event.shiftKey ? "shift+" : ""}${key.toLowerCase()}` : key;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName)) && !/^(checkbox|radio|button)$/.test((target as HTMLInputElement).type);
}

/**
 * Hears keys for all commands; gives what ends it.
 *
 * After the first key of a sequence, the next key belongs to the sequence whatever it is: a slip must not run the command
 * that the key stands for alone.
 */
export function listenForKeys(): () => void {
  let first = "";
  let at = 0;
  const hear = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.altKey || event.isComposing || MODIFIERS.has(event.key)) return;
    const name = nameOf(event);
    const isGlobal = name.startsWith("ctrl+");
    const isElsewhere = isTyping(event.target) || document.querySelector("dialog[open]") !== null;
    const begun = event.timeStamp - at < SEQUENCE_MS ? first : "";
    first = "";
    if (!isGlobal && isElsewhere) return;
    const commands = allCommands().reverse();
    const isSecond = begun !== "" && !isGlobal;
    const wanted = isSecond ? `${begun} ${name}` : name;
    const command = commands.find(({ keys }) => keys === wanted);
    if (isSecond) event.preventDefault();
    if (command && !(command.leavesTyping && isElsewhere)) {
      event.preventDefault();
      command.run();
    } else if (!isSecond && commands.some(({ keys }) => keys?.startsWith(`${name} `))) {
      event.preventDefault();
      first = name;
      at = event.timeStamp;
    }
  };
  window.addEventListener("keydown", hear);
  return () => window.removeEventListener("keydown", hear);
}
