/** What stands above the conversation: what of it to show, search, follow, pause, and what can be done with the output. */

import type { KeyboardEvent, ReactNode } from "react";
import { Icon } from "../../../../ui/Icon";
import { count } from "../../../../ui/time";
import type { Show } from "./rows";
import type { ConversationState, Search } from "./useConversation";

const SHOWS: readonly { id: Show; title: string }[] = [
  { id: "all", title: "Everything" },
  { id: "output", title: "Output" },
  { id: "people", title: "Questions and answers" },
  { id: "state", title: "State changes" },
];

export function Tools({ state }: { state: ConversationState }): ReactNode {
  const { lines, show, follow, paused, ended, wrap, times } = state;
  return (
    <div className="toolbar" role="toolbar" aria-label="Conversation">
      <select aria-label="Show" className="show" value={show} onChange={(event) => state.setShow(event.target.value as Show)}>
        {SHOWS.map(({ id, title }) => (
          <option key={id} value={id}>
            {title}
          </option>
        ))}
      </select>
      <SearchBox search={state.search} />
      <span className="line-count" id="line-count">
        {count(lines)} {lines === 1 ? "line" : "lines"}
      </span>
      <span className="tools">
        <button type="button" className="button small" aria-pressed={follow && !paused} onClick={state.resume} title="Follow the latest (f)">
          <Icon name="down" />
          <span>Follow</span>
        </button>
        <button type="button" className="button small" aria-pressed={paused} onClick={state.pause} disabled={ended && !paused} title="Pause or resume (p)">
          <Icon name={paused ? "play" : "pause"} />
          <span>{paused ? "Resume" : "Pause"}</span>
        </button>
        <Tool icon="wrap" label="Wrap long lines" pressed={wrap} onClick={() => state.setWrap(!wrap)} />
        <Tool icon="clock" label="Show times" pressed={times} onClick={() => state.setTimes(!times)} />
        <Tool icon="copy" label="Copy the output" disabled={lines === 0} onClick={state.copy} />
        <Tool icon="download" label="Download the output" disabled={lines === 0} onClick={state.save} />
        <Tool icon="trash" label="Clear" disabled={state.places.length === 0} onClick={state.clear} />
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
        aria-label="Search this session"
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
          <button type="button" className="icon-button" aria-label="Previous match" onClick={() => search.step(-1)}>
            <Icon name="up" />
          </button>
          <button type="button" className="icon-button" aria-label="Next match" onClick={() => search.step(1)}>
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
