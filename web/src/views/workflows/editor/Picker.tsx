/** A list in a dialog, searched by typing, for choosing one thing. */

import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { Dialog } from "../../../ui/Dialog";

export interface Item {
  id: string;
  /** What stands at its beginning, such as its category. */
  group: string;
  title: string;
  about?: string;
  mark?: ReactNode;
  /** Why it cannot be chosen. */
  refused?: string | undefined;
}

interface Props {
  title: string;
  /** What is said above the list. */
  lead?: ReactNode;
  placeholder: string;
  find: (query: string) => readonly Item[];
  none: string;
  onPick: (item: Item) => void;
  onClose: () => void;
}

export function Picker({ title, lead, placeholder, find, none, onPick, onClose }: Props): ReactNode {
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(0);
  const base = useId();
  const list = useRef<HTMLUListElement>(null);
  const items = find(query);
  const place = Math.min(chosen, Math.max(0, items.length - 1));

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [place]);

  const pick = (item: Item | undefined): void => {
    if (item && item.refused === undefined) onPick(item);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown") setChosen(Math.min(place + 1, items.length - 1));
    else if (event.key === "ArrowUp") setChosen(Math.max(place - 1, 0));
    else if (event.key === "Enter") pick(items[place]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title={title} bare className="palette wf-picker" onClose={onClose}>
      {lead && <div className="wf-picker-lead">{lead}</div>}
      <input
        type="text"
        role="combobox"
        aria-label={placeholder}
        aria-expanded="true"
        aria-controls={`${base}-list`}
        aria-activedescendant={items[place] ? `${base}-${place}` : undefined}
        placeholder={placeholder}
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
      <ul id={`${base}-list`} role="listbox" aria-label={title} ref={list}>
        {items.map((item, index) => (
          <li
            key={item.id}
            id={`${base}-${index}`}
            role="option"
            aria-selected={index === place}
            aria-disabled={item.refused !== undefined}
            onMouseMove={() => setChosen(index)}
            onClick={() => pick(item)}
          >
            <span className="palette-group">{item.group}</span>
            {item.mark}
            <span className="wf-picker-text">
              <span>{item.title}</span>
              {(item.refused ?? item.about) && <small>{item.refused ?? item.about}</small>}
            </span>
          </li>
        ))}
      </ul>
      {items.length === 0 && <p className="palette-none">{none}</p>}
    </Dialog>
  );
}
