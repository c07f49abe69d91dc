/** Which events come: families, types, priority, execution, crew. What is set stands in the address and goes to the server. */

import { useId, useState, type FormEvent, type ReactNode } from "react";
import { PRIORITIES } from "@callboard/client";
import { navigate } from "../../shell/router";
import { Icon } from "../../ui/Icon";
import { GROUPS, PATTERNS } from "./kinds";
import { isNarrow, NO_FILTER, pathOf, patternsIn, type Filter } from "./query";

interface Props {
  filter: Filter;
  wrong: string;
  go: (changes: Partial<Filter>) => void;
}

export function Filters({ filter, wrong, go }: Props): ReactNode {
  const { types, priority } = filter;
  const toggle = (pattern: string): void => {
    const [family] = pattern.split(".");
    // A whole family makes its single types needless.
    const others = types.filter((one) => one !== pattern && !one.startsWith(`${family}.`));
    go({ types: types.includes(pattern) ? types.filter((one) => one !== pattern) : [...others, pattern] });
  };
  const [isOpen, setOpen] = useState(false);
  const set = [types.some((type) => !type.endsWith(".*")), priority, filter.execution, filter.crew, filter.agent].filter(Boolean).length;
  return (
    <div className="event-filters" data-open={isOpen || undefined}>
      <div className="chips" role="group" aria-label="Families of events">
        <button type="button" className="chip" aria-pressed={types.length === 0} onClick={() => go({ types: [] })}>
          All
        </button>
        {GROUPS.map(({ id, title, icon }) => (
          <button key={id} type="button" className="chip" data-group={id} aria-pressed={types.includes(`${id}.*`)} onClick={() => toggle(`${id}.*`)}>
            <Icon name={icon} />
            {title}
          </button>
        ))}
      </div>
      <button type="button" className="button small more-filters" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {isOpen ? "Fewer filters" : `More filters${set > 0 ? ` (${set} set)` : ""}`}
      </button>
      <div className="event-fields">
        <TextFilter key={`t${types.join()}`} label="Types, such as execution.failed or custom.orders.*" placeholder="Types, such as custom.orders.*" value={types.join(", ")} choices={PATTERNS} invalid={wrong !== ""} onChange={(text) => go({ types: patternsIn(text) })} />
        <select aria-label="Minimum priority" value={priority} onChange={(event) => go({ priority: event.target.value })}>
          <option value="">Any priority</option>
          {PRIORITIES.slice(1).map((one) => (
            <option key={one} value={one}>
              {one === "critical" ? "Critical only" : `${one[0]?.toUpperCase()}${one.slice(1)} and above`}
            </option>
          ))}
        </select>
        <TextFilter key={`e${filter.execution}`} label="Execution" placeholder="Execution" value={filter.execution} onChange={(execution) => go({ execution })} />
        <TextFilter key={`c${filter.crew}`} label="Crew" placeholder="Crew" value={filter.crew} onChange={(crew) => go({ crew })} />
        <TextFilter key={`a${filter.agent}`} label="Agent" placeholder="Agent" value={filter.agent} onChange={(agent) => go({ agent })} />
        {isNarrow(filter) && (
          <button type="button" className="button small quiet" onClick={() => navigate(pathOf({ ...NO_FILTER, find: filter.find }))}>
            Reset
          </button>
        )}
      </div>
    </div>
  );
}

interface TextFilterProps {
  label: string;
  placeholder: string;
  value: string;
  choices?: readonly string[];
  invalid?: boolean;
  onChange: (text: string) => void;
}

/** Applied on Enter, and when it is left. */
function TextFilter({ label, placeholder, value, choices, invalid = false, onChange }: TextFilterProps): ReactNode {
  const [text, setText] = useState(value);
  const id = useId();
  const apply = (event?: FormEvent): void => {
    event?.preventDefault();
    if (text.trim() !== value) onChange(text.trim());
  };
  return (
    <form onSubmit={apply}>
      <input
        type="search"
        aria-label={label}
        aria-invalid={(invalid && text !== "") || undefined}
        placeholder={placeholder}
        list={choices ? id : undefined}
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={() => apply()}
      />
      {choices && (
        <datalist id={id}>
          {choices.map((choice) => (
            <option key={choice} value={choice} />
          ))}
        </datalist>
      )}
    </form>
  );
}
