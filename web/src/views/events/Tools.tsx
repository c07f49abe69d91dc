/** What can be done with the table: search, follow, pause, clear, export, and how much of it is kept. */

import type { RefObject, ReactNode } from "react";
import type { EventStore, EventTable } from "@callboard/client";
import { Icon, type IconName } from "../../ui/Icon";
import { count } from "../../ui/time";
import type { Filter } from "./query";
import { BOUNDS, useBound, type Shown } from "./useTable";

interface Props {
  store: EventStore;
  table: EventTable;
  shown: Shown & { isLate: boolean };
  filter: Filter;
  go: (changes: Partial<Filter>) => void;
  follow: boolean;
  search: RefObject<HTMLInputElement | null>;
  pause: () => void;
  resume: () => void;
  save: () => void;
}

export function Tools({ store, table, shown, filter, go, follow, search, pause, resume, save }: Props): ReactNode {
  const [bound, setBound] = useBound(store);
  const isEmpty = shown.count === 0;
  return (
    <div className="toolbar" role="toolbar" aria-label="Table">
      <div className="search-box">
        <Icon name="search" />
        <input
          ref={search}
          type="search"
          aria-label="Search loaded events"
          placeholder="Search loaded events"
          value={filter.find}
          onChange={(event) => go({ find: event.target.value })}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.preventDefault();
            go({ find: "" });
            event.currentTarget.blur();
          }}
        />
        {filter.find !== "" && (
          <span className="hits" role="status">
            {shown.isLate ? "…" : `${count(shown.count)} of ${count(table.count)}`}
          </span>
        )}
      </div>
      <span className="line-count" id="event-count">
        {count(table.count)} {table.count === 1 ? "row" : "rows"}
      </span>
      <label className="rows-kept">
        <span>Keep</span>
        <select aria-label="Rows to keep" value={bound} onChange={(event) => setBound(Number(event.target.value))}>
          {BOUNDS.map((rows) => (
            <option key={rows} value={rows}>
              {count(rows)}
            </option>
          ))}
        </select>
      </label>
      <span className="tools">
        <button type="button" className="button small" aria-label="Follow the latest events" aria-pressed={follow && !table.paused} onClick={resume} title="Follow the latest (f)">
          <Icon name="down" />
          <span>Follow</span>
        </button>
        <button type="button" className="button small" aria-label={table.paused ? "Resume" : "Pause"} aria-pressed={table.paused} onClick={pause} title="Pause (Space)">
          <Icon name={table.paused ? "play" : "pause"} />
          <span>{table.paused ? "Resume" : "Pause"}</span>
        </button>
        <Tool icon="download" label="Export the shown events as NDJSON (s)" disabled={isEmpty} onClick={save} />
        <Tool icon="trash" label="Clear the table" disabled={table.count === 0} onClick={store.clear} />
      </span>
    </div>
  );
}

function Tool({ icon, label, disabled, onClick }: { icon: IconName; label: string; disabled: boolean; onClick: () => void }): ReactNode {
  return (
    <button type="button" className="icon-button" aria-label={label} title={label} disabled={disabled} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}
