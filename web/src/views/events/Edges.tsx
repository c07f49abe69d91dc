/** What stands where no rows are: before the first, and in the place of all. */

import type { ReactNode } from "react";
import type { EventStore, EventTable } from "@callboard/client";
import { May } from "../../identity/may";
import { Link, navigate, ROOT } from "../../shell/router";
import { Icon } from "../../ui/Icon";
import { count } from "../../ui/time";
import { isNarrow, NO_FILTER, pathOf, type Filter } from "./query";

/** What comes before the first row, and how to get it. */
export function Older({ store, table, isEmpty }: { store: EventStore; table: EventTable; isEmpty: boolean }): ReactNode {
  const { older } = table;
  return (
    <div className="older" role="row" aria-rowindex={2}>
      <div role="gridcell" aria-colspan={7}>
        {older === "more" && (
          <button type="button" className="button small quiet" onClick={() => void store.loadOlder()}>
            <Icon name="up" />
            Load older events
          </button>
        )}
        {older === "loading" && <span role="status">Loading older events…</span>}
        {older === "none" && !isEmpty && "This is the beginning of the log."}
        {older === "full" && `This page keeps ${count(table.count)} rows. Raise the limit to see older events.`}
      </div>
    </div>
  );
}

interface EmptyProps {
  store: EventStore;
  table: EventTable;
  filter: Filter;
  onSend: () => void;
}

export function Empty({ store, table, filter, onSend }: EmptyProps): ReactNode {
  const { connection, older } = table;
  if (filter.find !== "" && table.count > 0) {
    return (
      <Words title={`“${filter.find}” is not in the ${count(table.count)} loaded rows`} text="The search covers loaded rows. Load older events, or use the filters above, which the server applies.">
        <button type="button" className="button" onClick={() => navigate(pathOf({ ...filter, find: "" }), { replace: true })}>
          Clear search
        </button>
      </Words>
    );
  }
  if (connection.phase === "stopped") {
    return (
      <Words title="Disconnected" text={connection.reason}>
        <button type="button" className="button primary" onClick={store.reconnect}>
          Reconnect
        </button>
      </Words>
    );
  }
  if (connection.phase === "reconnecting") return <Words title="The server cannot be reached" text={`${connection.reason} The page reconnects on its own and then shows what happened meanwhile.`} />;
  if (connection.phase === "connecting" || older === "unknown") return <Words title="Connecting…" text="Events appear here as soon as the server answers." />;
  if (older === "loading") return <Words title="Loading…" text="The latest events appear here in a moment." />;
  if (isNarrow(filter)) {
    return (
      <Words title="No events match these filters" text="A matching event appears here as soon as it happens.">
        <Link className="button" to={pathOf(NO_FILTER)}>
          Clear filters
        </Link>
      </Words>
    );
  }
  return (
    <Words title="Nothing has happened yet" text="Every run of a task, crew or workflow appears here as it happens. Start a task, or send an event of your own.">
      <May scope="sessions:start">
        <Link className="button primary" to={`${ROOT}/tasks/new`}>
          <Icon name="play" />
          Start a task
        </Link>
      </May>
      <May scope="events:publish">
        <button type="button" className="button" onClick={onSend}>
          <Icon name="send" />
          Send an event
        </button>
      </May>
    </Words>
  );
}

function Words({ title, text, children }: { title: string; text: string; children?: ReactNode }): ReactNode {
  return (
    <div className="empty events-empty">
      <h2>{title}</h2>
      <p>{text}</p>
      <div className="empty-actions">{children}</div>
    </div>
  );
}
