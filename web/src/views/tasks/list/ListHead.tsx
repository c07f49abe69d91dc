/** Which sessions are listed: search, status with counts, kind, time, label. All of it stands in the address. */

import { useEffect, useRef, useState, type FormEvent, type ReactNode, type RefObject } from "react";
import { May } from "../../../identity/may";
import { useCommands } from "../../../shell/commands";
import { Link, navigate } from "../../../shell/router";
import { Icon } from "../../../ui/Icon";
import { count } from "../../../ui/time";
import { useBoard } from "../board";
import { useKinds } from "../kinds";
import { paths } from "../paths";
import { countOf, FILTERS, isNarrow, NO_FILTER, queryOf, RANGES, type Filter } from "../query";

/** Typing asks the server after so long a pause. */
const TYPES_MS = 250;

/** Says to what is around an element how high it is, as `--head`: what sticks below it begins there. */
function useHeight(element: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const node = element.current;
    if (!node) return undefined;
    const observer = new ResizeObserver(() => node.parentElement?.style.setProperty("--head", `${node.offsetHeight}px`));
    observer.observe(node);
    return () => observer.disconnect();
  }, [element]);
}

export function ListHead({ filter }: { filter: Filter }): ReactNode {
  const kinds = useKinds((state) => state.kinds);
  const counts = useBoard((board) => board.counts);
  const head = useRef<HTMLDivElement>(null);
  useHeight(head);
  const go = (changes: Partial<Filter>): void => navigate(`${location.pathname}${queryOf({ ...filter, ...changes })}`);
  return (
    <div className="list-head" ref={head}>
      <div className="list-title">
        <h1>Sessions</h1>
        <Search filter={filter} />
        <May scope="sessions:start">
          <Link className="button primary" to={paths.start(null, filter)}>
            <Icon name="plus" />
            Start a task
          </Link>
        </May>
      </div>
      <div className="filters">
        <div className="chips" role="group" aria-label="Status">
          {FILTERS.map(({ id, title, statuses }) => (
            <button key={id} type="button" className="chip" aria-pressed={filter.status === id} onClick={() => go({ status: id })}>
              {title}
              {counts && <span className="chip-count">{count(countOf(counts, statuses))}</span>}
            </button>
          ))}
        </div>
        <div className="filter-fields">
          <select aria-label="Kind of task" value={filter.task} onChange={(event) => go({ task: event.target.value })}>
            <option value="">Every kind</option>
            {filter.task && !kinds?.some(({ name }) => name === filter.task) && <option>{filter.task}</option>}
            {(kinds ?? []).map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
          <select aria-label="Started" value={filter.range} onChange={(event) => go({ range: event.target.value })}>
            {RANGES.map(({ id, title }) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
          </select>
          <Label filter={filter} onChange={(label) => go({ label })} />
          {isNarrow(filter) && (
            <button type="button" className="button small quiet" onClick={() => go(NO_FILTER)}>
              Reset
            </button>
          )}
        </div>
      </div>
    </div>
  );
}

/** Words are searched for on the server, shortly after they are typed. */
function Search({ filter }: { filter: Filter }): ReactNode {
  const [text, setText] = useState(filter.q);
  const input = useRef<HTMLInputElement>(null);
  const latest = useRef(filter);
  latest.current = filter;
  useEffect(() => setText(filter.q), [filter.q]);
  useCommands([{ id: "find", title: "Search sessions", group: "Tasks", keys: "/", run: () => input.current?.focus() }], "find");
  const apply = (value: string): void => {
    const q = value.trim();
    if (q !== latest.current.q) navigate(`${location.pathname}${queryOf({ ...latest.current, q })}`, { replace: latest.current.q !== "" && q !== "" });
  };
  useEffect(() => {
    if (text.trim() === filter.q) return undefined;
    const timer = setTimeout(() => apply(text), TYPES_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <form
      role="search"
      className="search-box list-search"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        apply(text);
      }}
    >
      <Icon name="search" />
      <input
        ref={input}
        type="search"
        aria-label="Search sessions"
        placeholder="Name, label, id, question or error"
        value={text}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          setText("");
          apply("");
          event.currentTarget.blur();
        }}
      />
    </form>
  );
}

/** Applied on Enter, and when the field is left. */
function Label({ filter, onChange }: { filter: Filter; onChange: (label: string) => void }): ReactNode {
  const [label, setLabel] = useState(filter.label);
  const apply = (): void => void (label.trim() !== filter.label && onChange(label.trim()));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        apply();
      }}
    >
      <input type="search" aria-label="Label, such as team=red" placeholder="label=value" value={label} onChange={(event) => setLabel(event.target.value)} onBlur={apply} />
    </form>
  );
}
