/** What stands where no rows are: before the first, and in the place of all. */

import type { ReactNode } from "react";
import type { EventStore, EventTable } from "@callboard/client";
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
        {older === "loading" && <span role="status">Reading older events from the log…</span>}
        {older === "none" && !isEmpty && "This is where the log begins."}
        {older === "full" && `No more than ${count(table.count)} rows are kept here. Keep more of them to see older ones.`}
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
      <Words title={`None of the ${count(table.count)} rows here has “${filter.find}”`} text="The search looks at what is here. Load older events, or ask the server by the filters above.">
        <button type="button" className="button" onClick={() => navigate(pathOf({ ...filter, find: "" }), { replace: true })}>
          End the search
        </button>
      </Words>
    );
  }
  if (connection.phase === "stopped") {
    return (
      <Words title="There is no connection" text={connection.reason}>
        <button type="button" className="button primary" onClick={store.reconnect}>
          Connect again
        </button>
      </Words>
    );
  }
  if (connection.phase === "reconnecting") return <Words title="The server cannot be reached" text={`${connection.reason} The page tries again by itself, and shows what happened meanwhile.`} />;
  if (connection.phase === "connecting" || older === "unknown") return <Words title="Connecting to the server's events…" text="They stand here as soon as the server answers." />;
  if (older === "loading") return <Words title="Reading the log…" text="The newest of what has happened stands here in a moment." />;
  if (isNarrow(filter)) {
    return (
      <Words title="No event fits these filters" text="What fits appears here as soon as it happens.">
        <Link className="button" to={pathOf(NO_FILTER)}>
          Take all filters away
        </Link>
      </Words>
    );
  }
  return (
    <Words title="Nothing has happened yet" text="Every run of a task, crew or workflow is seen here while it goes on. Start a task, or send an event of your own.">
      <Link className="button primary" to={`${ROOT}/tasks/new`}>
        <Icon name="play" />
        Start a task
      </Link>
      <button type="button" className="button" onClick={onSend}>
        <Icon name="send" />
        Send an event
      </button>
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
