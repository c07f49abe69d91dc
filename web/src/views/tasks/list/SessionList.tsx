/** The list of sessions, and what can be done with several at once. */

import { useEffect, useRef, useState, type ReactNode } from "react";
import { useCallboard } from "@callboard/client/react";
import { useCommands } from "../../../shell/commands";
import { Link, navigate } from "../../../shell/router";
import { Icon } from "../../../ui/Icon";
import { count, useNow } from "../../../ui/time";
import { refreshBoard, useBoard } from "../board";
import { useKinds } from "../kinds";
import { paths } from "../paths";
import { isNarrow, NO_FILTER, queryOf, type Filter } from "../query";
import { Bulk } from "./Bulk";
import { ListHead } from "./ListHead";
import { Welcome } from "../../welcome/Welcome";
import { Row } from "./Row";
import { clicked, direction, sorted, type Column } from "./sort";

interface Props {
  filter: Filter;
  open: string | null;
  onMore: (() => void) | null;
}

export function SessionList({ filter, open, onMore }: Props): ReactNode {
  const { rows, more, facts, error, isComplete } = useBoard();
  const client = useCallboard();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const now = useNow(1000) + client.clockSkew;
  const shown = sorted(rows ?? [], filter.sort, now);
  const picked = shown.filter((row) => chosen.has(row.session_id));
  const list = useRef<HTMLElement>(null);
  const isListed = shown.some(({ session_id }) => session_id === open);
  useEffect(() => {
    if (isListed && list.current) bringIntoSight(list.current);
  }, [open, isListed]);
  const pick = (id: string, on: boolean): void =>
    setChosen((before) => {
      const next = new Set(before);
      if (on) next.add(id);
      else next.delete(id);
      return next;
    });
  useCommands(
    [{ id: "choose", title: "Select the open session", group: "Tasks", keys: "x", words: "bulk", run: () => open && open !== "new" && pick(open, !chosen.has(open)) }],
    "list",
  );
  return (
    <section ref={list} className="list" aria-label="Sessions">
      <ListHead key={filter.label} filter={filter} />
      {picked.length > 0 && <Bulk picked={picked} onDone={() => setChosen(new Set())} />}
      {error && (
        <div className="notice" data-tone="warn" role="alert">
          <Icon name="alert" />
          <span className="grow">{error} The list shows what was known before.</span>
          <button type="button" className="button small" onClick={refreshBoard}>
            Try now
          </button>
        </div>
      )}
      {!isComplete && (
        <p className="notice" data-tone="plain" role="status">
          <Icon name="info" />
          <span className="grow">Not all sessions were looked at: there may be more, and the counts may be too low.</span>
        </p>
      )}
      {more && filter.sort !== "" && <p className="hint sorts">Only the {count(shown.length)} newest sessions are sorted. Older ones are not loaded yet.</p>}
      {shown.length > 0 && (
        <div className="rows" role="table" aria-label={filter.sort === "" ? "Sessions, newest first" : "Sessions"}>
          <div className="rows-head" role="row">
            <span role="columnheader" className="row-check">
              <input
                type="checkbox"
                aria-label="Select all that are shown"
                checked={picked.length === shown.length}
                ref={(box) => {
                  if (box) box.indeterminate = picked.length > 0 && picked.length < shown.length;
                }}
                onChange={(event) => setChosen(new Set(event.target.checked ? shown.map((row) => row.session_id) : []))}
              />
            </span>
            <ColumnHead column="status" title="Status" filter={filter} />
            <ColumnHead column="name" title="Session" filter={filter} />
            <span role="columnheader">What happens</span>
            <ColumnHead column="duration" title="Duration" filter={filter} className="row-duration" />
            <ColumnHead column="started" title="Started" filter={filter} className="row-age" />
          </div>
          {shown.map((row) => (
            <Row
              key={row.session_id}
              row={row}
              facts={facts.get(row.session_id)}
              now={now}
              filter={filter}
              isOpen={row.session_id === open}
              isChosen={chosen.has(row.session_id)}
              anyChosen={picked.length > 0}
              onChoose={pick}
            />
          ))}
        </div>
      )}
      {rows === null && !error && <p className="loading">Loading the sessions…</p>}
      {rows?.length === 0 && <Empty filter={filter} />}
      {more && onMore && (
        <button type="button" className="button quiet more" onClick={onMore}>
          Show older sessions
        </button>
      )}
      {more && !onMore && <p className="hint more">The newest {count(shown.length)} are listed. The search, the filters and the time range find older ones.</p>}
    </section>
  );
}

/** Moves the list so that the open session is in the middle of it, unless it is in sight. */
function bringIntoSight(list: HTMLElement): void {
  const row = list.querySelector(".row[data-open]");
  const heads = [...list.querySelectorAll(".list-head, .rows-head")].map((one) => one.getBoundingClientRect().bottom);
  const { top = 0, bottom = 0 } = row?.getBoundingClientRect() ?? {};
  if (top < Math.max(...heads) || bottom > list.getBoundingClientRect().bottom) row?.scrollIntoView({ block: "center" });
}

/** Sorts what is listed by a click, and says how it is sorted. */
function ColumnHead({ column, title, filter, className }: { column: Column; title: string; filter: Filter; className?: string }): ReactNode {
  const now = direction(filter.sort, column);
  return (
    <span role="columnheader" aria-sort={now} className={className}>
      <button type="button" className="column-button" onClick={() => navigate(`${location.pathname}${queryOf({ ...filter, sort: clicked(filter.sort, column) })}`, { replace: true })}>
        {title}
        {now !== "none" && <Icon name={now === "ascending" ? "up" : "down"} />}
      </button>
    </span>
  );
}

function Empty({ filter }: { filter: Filter }): ReactNode {
  const kinds = useKinds((state) => state.kinds);
  if (isNarrow(filter)) {
    const isWaiting = filter.status === "waiting" && !isNarrow({ ...filter, status: "" });
    return (
      <div className="empty">
        <h2>{isWaiting ? "Nobody is needed" : filter.q ? `Nothing found for “${filter.q}”` : "No session matches these filters"}</h2>
        <p>{isWaiting ? "When a task asks something, it appears here and in the inbox." : "Remove a filter to see more. The search finds words in names, labels, ids, questions and errors."}</p>
        <Link className="button" to={paths.list(NO_FILTER)}>
          Show all sessions
        </Link>
      </div>
    );
  }
  return <Welcome kinds={kinds} />;
}
