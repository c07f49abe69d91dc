/** Everything that stands in one event. */

import type { ReactNode } from "react";
import { writeJson, type EventRow } from "@callboard/client";
import { Link, navigate } from "../../shell/router";
import { copyText } from "../../ui/clipboard";
import { Icon } from "../../ui/Icon";
import { moment } from "../../ui/time";
import { JsonTree } from "./JsonTree";
import { pathOf, type Filter } from "./query";
import { PriorityTag, taskPath, TypeTag } from "./Rows";

export function Payload({ row, filter, onClose }: { row: EventRow; filter: Filter; onClose: () => void }): ReactNode {
  const { event, at } = row;
  const copy = (): void => void copyText(writeJson(event, 2), "The event is");
  return (
    <aside className="payload" aria-label={`Event ${event.type}`}>
      <header>
        <TypeTag type={event.type} />
        <PriorityTag priority={event.priority} />
        <button type="button" className="icon-button" aria-label="Copy the event as JSON" title="Copy as JSON" onClick={copy}>
          <Icon name="copy" />
        </button>
        <button type="button" className="icon-button" aria-label="Close the event" title="Close (Esc)" onClick={onClose}>
          <Icon name="cross" />
        </button>
      </header>
      <div className="payload-scroll" tabIndex={0} role="group" aria-label="What stands in the event">
        <dl>
          <Item name="Time">
            <time dateTime={event.timestamp}>{moment(at / 1000)}</time>
          </Item>
          <Item name="Place">{event.seq === undefined ? "Not kept: it cannot be replayed" : `${event.seq} in the log`}</Item>
          {event.execution_id && (
            <Item name="Execution">
              <Link to={taskPath(event.execution_id)}>{event.execution_id}</Link>
              <Only filter={filter} set={{ execution: event.execution_id }} what="this execution" />
            </Item>
          )}
          {event.crew_id && (
            <Item name="Crew">
              {event.crew_id}
              <Only filter={filter} set={{ crew: event.crew_id }} what="this crew" />
            </Item>
          )}
          {event.agent_id && (
            <Item name="Agent">
              {event.agent_id}
              <Only filter={filter} set={{ agent: event.agent_id }} what="this agent" />
            </Item>
          )}
          <Item name="Id">
            <code>{event.id}</code>
          </Item>
        </dl>
        <h3>Data</h3>
        <JsonTree key={event.id} value={event.data} />
        {Object.keys(event.metadata ?? {}).length > 0 && (
          <>
            <h3>Metadata</h3>
            <JsonTree key={event.id} value={event.metadata} />
          </>
        )}
        <p className="payload-actions">
          <Only filter={filter} set={{ types: [event.type] }} what="this type" />
        </p>
      </div>
    </aside>
  );
}

function Item({ name, children }: { name: string; children: ReactNode }): ReactNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Asks the server for such events only. */
function Only({ filter, set, what }: { filter: Filter; set: Partial<Filter>; what: string }): ReactNode {
  return (
    <button type="button" className="button small" onClick={() => navigate(pathOf({ ...filter, ...set }))}>
      Only {what}
    </button>
  );
}
