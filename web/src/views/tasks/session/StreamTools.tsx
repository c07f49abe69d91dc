/** What stands above the output: search, follow, pause, and what can be done with the lines. */

import type { KeyboardEvent, ReactNode } from "react";
import { Icon } from "../../../ui/Icon";
import { count } from "../../../ui/time";
import type { Search, StreamPane } from "./useStream";

export function StreamTools({ stream }: { stream: StreamPane }): ReactNode {
  const { all, shown, follow, paused, ended, wrap, times } = stream;
  return (
    <div className="toolbar" role="toolbar" aria-label="Output">
      <SearchBox search={stream.search} />
      <span className="line-count" id="line-count">
        {count(all)} {all === 1 ? "line" : "lines"}
      </span>
      <span className="tools">
        <button type="button" className="button small" aria-pressed={follow && !paused} onClick={stream.resume} title="Follow the end (f)">
          <Icon name="down" />
          <span>Follow</span>
        </button>
        <button type="button" className="button small" aria-pressed={paused} onClick={stream.pause} disabled={ended && !paused} title="Pause (p)">
          <Icon name={paused ? "play" : "pause"} />
          <span>{paused ? "Go on" : "Pause"}</span>
        </button>
        <Tool icon="wrap" label="Wrap long lines" pressed={wrap} onClick={() => stream.setWrap(!wrap)} />
        <Tool icon="clock" label="Show times" pressed={times} onClick={() => stream.setTimes(!times)} />
        <Tool icon="copy" label="Copy the output" disabled={shown === 0} onClick={stream.copy} />
        <Tool icon="download" label="Download the output" disabled={shown === 0} onClick={stream.save} />
        <Tool icon="trash" label="Clear the output" disabled={shown === 0} onClick={stream.clear} />
      </span>
    </div>
  );
}

function SearchBox({ search }: { search: Search }): ReactNode {
  const { hits } = search;
  const onKey = (event: KeyboardEvent<HTMLInputElement>): void => {
    if (event.key === "Enter") search.step(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") {
      search.setQuery("");
      event.currentTarget.blur();
    } else return;
    event.preventDefault();
  };
  return (
    <div className="search-box">
      <Icon name="search" />
      <input
        ref={search.input}
        type="search"
        aria-label="Search in the output"
        placeholder="Search"
        value={search.query}
        onChange={(event) => search.setQuery(event.target.value)}
        onKeyDown={onKey}
      />
      {hits !== null && (
        <span className="hits" role="status">
          {hits === 0 ? "None" : `${count(search.at)} of ${count(hits)}`}
        </span>
      )}
      {hits !== null && hits > 0 && (
        <>
          <button type="button" className="icon-button" aria-label="Hit before" onClick={() => search.step(-1)}>
            <Icon name="up" />
          </button>
          <button type="button" className="icon-button" aria-label="Next hit" onClick={() => search.step(1)}>
            <Icon name="down" />
          </button>
        </>
      )}
    </div>
  );
}

interface ToolProps {
  icon: "wrap" | "clock" | "copy" | "download" | "trash";
  label: string;
  pressed?: boolean;
  disabled?: boolean;
  onClick: () => void;
}

function Tool({ icon, label, pressed, disabled, onClick }: ToolProps): ReactNode {
  return (
    <button type="button" className="icon-button" aria-label={label} title={label} aria-pressed={pressed} disabled={disabled} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}
