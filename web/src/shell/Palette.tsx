/** The command palette: everything that can be done now, and every session, found by a few letters. */

import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { useCallboard } from "@callboard/client/react";
import { Dialog } from "../ui/Dialog";
import { sessionPath, titleOf } from "../ui/names";
import { sessionNote } from "../ui/Status";
import { useCommandStore, type Command } from "./commands";
import { Keys } from "./Help";
import { navigate } from "./router";

/** Letters that are further apart than that were not meant. */
const MOST_GAPS = 16;

/** How well the letters fit a text: lower is better, null where they do not. Letters may be apart, in order. */
export function fit(query: string, text: string): number | null {
  const wanted = query.toLowerCase().trim();
  const within = text.toLowerCase();
  const at = within.indexOf(wanted);
  if (at >= 0) return at;
  let place = -1;
  let gaps = 0;
  for (const letter of wanted.replaceAll(" ", "")) {
    const next = within.indexOf(letter, place + 1);
    if (next < 0) return null;
    gaps += next - place - 1;
    place = next;
  }
  if (gaps > MOST_GAPS) return null;
  return 100 + gaps;
}

function found(commands: readonly Command[], query: string): Command[] {
  return commands
    .filter(({ hidden }) => !hidden)
    .map((command) => ({ command, rank: fit(query, `${command.title} ${command.note ?? ""} ${command.group} ${command.words ?? ""}`) }))
    .filter((one): one is { command: Command; rank: number } => one.rank !== null)
    .sort((one, other) => (query ? one.rank - other.rank : 0))
    .map(({ command }) => command)
    .slice(0, 60);
}

/** The server is asked after so long a pause in typing. */
const TYPES_MS = 150;
const SESSIONS = 8;

/** The sessions that the server finds for these words; null while it is being asked. */
function useSessions(query: string): readonly Command[] | null {
  const client = useCallboard();
  const [sessions, setSessions] = useState<readonly Command[] | null>([]);
  const wanted = query.trim();
  useEffect(() => {
    if (wanted.length < 2) return setSessions([]);
    setSessions(null);
    const gone = new AbortController();
    const timer = setTimeout(() => {
      client.list({ q: wanted, limit: SESSIONS }, gone.signal).then(
        (page) =>
          setSessions(
            page.sessions.map((row) => ({
              id: `open-${row.session_id}`, title: titleOf(row), note: sessionNote(row), group: "Sessions",
              run: () => navigate(sessionPath(row.session_id)),
            })),
          ),
        // Without an answer the commands are still there; the pill says how the connection is.
        () => gone.signal.aborted || setSessions([]),
      );
    }, TYPES_MS);
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [client, wanted]);
  return sessions;
}

export function Palette({ onClose }: { onClose: () => void }): ReactNode {
  const sets = useCommandStore((state) => state.sets);
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(0);
  const base = useId();
  const list = useRef<HTMLUListElement>(null);
  const sessions = useSessions(query);
  const commands = useMemo(() => {
    const here = found([...sets.values()].flat(), query);
    const known = new Set(here.map(({ id }) => id));
    return [...here, ...(sessions ?? []).filter(({ id }) => !known.has(id))];
  }, [sets, query, sessions]);
  const place = Math.min(chosen, Math.max(0, commands.length - 1));

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [place]);

  const run = (command: Command | undefined): void => {
    if (!command) return;
    onClose();
    // After the dialog has given the focus back, so that the command may take it.
    setTimeout(() => command.run(), 0);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown") setChosen(Math.min(place + 1, commands.length - 1));
    else if (event.key === "ArrowUp") setChosen(Math.max(place - 1, 0));
    else if (event.key === "Enter") run(commands[place]);
    else return;
    event.preventDefault();
  };

  return (
    <Dialog title="Commands" bare className="palette" onClose={onClose}>
      <input
        type="text"
        role="combobox"
        aria-label="Search commands and sessions"
        aria-expanded="true"
        aria-controls={`${base}-list`}
        aria-activedescendant={commands[place] ? `${base}-${place}` : undefined}
        placeholder="Search commands and sessions"
        autoFocus
        autoComplete="off"
        spellCheck={false}
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setChosen(0);
        }}
        onKeyDown={onKey}
      />
      <ul id={`${base}-list`} role="listbox" aria-label="Commands" ref={list}>
        {commands.map((command, index) => (
          <li
            key={command.id}
            id={`${base}-${index}`}
            role="option"
            aria-selected={index === place}
            onMouseMove={() => setChosen(index)}
            onClick={() => run(command)}
          >
            <span className="palette-group">{command.group}</span>
            <span className="palette-title">{command.title}</span>
            {command.note && <span className="palette-note">{command.note}</span>}
            {command.keys && <Keys keys={command.keys} />}
          </li>
        ))}
      </ul>
      {commands.length === 0 && <p className="palette-none" role="status">{sessions === null ? "Searching the sessions…" : "Nothing found."}</p>}
    </Dialog>
  );
}
