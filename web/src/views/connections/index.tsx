/** Connections: who is connected, and what an operator can do about it. */

import { useMemo, useState, type ReactNode } from "react";
import type { ConnectionPage } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { useCommands } from "../../shell/commands";
import type { ViewProps } from "../../shell/registry";
import { navigate, useSearch } from "../../shell/router";
import { Icon } from "../../ui/Icon";
import { count, span, useNow } from "../../ui/time";
import { BroadcastDialog } from "./BroadcastDialog";
import { RemoveStale } from "./Disconnect";
import { Drawer } from "./Drawer";
import { arranged, pathOf, viewOf, type View } from "./rows";
import { refreshList, useListed, useListOf } from "./store";
import { Servers } from "./Servers";
import { Table } from "./Table";
import "./connections.css";

const PAGE = 200;

export default function ConnectionsView({ rest }: ViewProps): ReactNode {
  const client = useCallboard();
  const { admin: calls } = client;
  const [limit, setLimit] = useState(PAGE);
  const [dialog, setDialog] = useState<"broadcast" | "stale" | null>(null);
  const view = viewOf(useSearch());
  useListOf(calls, limit, view.isOfAll);
  const { page, error } = useListed();
  const open = rest[0] === undefined ? null : decoded(rest[0]);
  const now = useNow(1000) + client.clockSkew;
  const rows = useMemo(() => arranged(page?.connections ?? [], view), [page, view.text, view.kind, view.sort, view.isTurned]);
  const step = (by: number): void => {
    const at = rows.findIndex(({ client_id }) => client_id === open);
    const next = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))];
    if (next) navigate(pathOf(view, next.client_id));
  };
  useCommands(
    [
      { id: "broadcast", title: "Broadcast an event", group: "Connections", keys: "b", run: () => page && setDialog("broadcast") },
      { id: "find", title: "Search connections", group: "Connections", keys: "/", run: () => document.getElementById("connection-search")?.focus() },
      { id: "down", title: "Next connection", group: "Connections", keys: "j", run: () => step(1) },
      { id: "up", title: "Previous connection", group: "Connections", keys: "k", run: () => step(-1) },
      { id: "close", title: "Close the details", group: "Connections", keys: "u", run: () => navigate(pathOf(view)) },
      { id: "stale", title: "Close stale connections", group: "Connections", run: () => page && setDialog("stale") },
    ],
    "connections",
  );
  return (
    <div className="connections" data-open={open !== null || undefined}>
      <section className="connection-list" aria-label="Connections and what can be done">
        <Head page={page} onBroadcast={() => setDialog("broadcast")} onStale={() => setDialog("stale")} />
        {error && (
          <div className="notice" data-tone="warn" role="alert">
            <Icon name="alert" />
            <span className="grow">{error} {page ? "The table shows the last known state." : "Retrying…"}</span>
            <button type="button" className="button small" onClick={refreshList}>
              Try now
            </button>
          </div>
        )}
        <Servers calls={calls} />
        {page === null ? !error && <p className="loading">Loading the connections…</p> : <List page={page} rows={rows} view={view} open={open} now={now} onMore={() => setLimit(limit + PAGE)} />}
      </section>
      {open !== null && <Drawer key={open} calls={calls} id={open} known={page?.connections.find(({ client_id }) => client_id === open)} now={now} back={pathOf(view)} />}
      {dialog === "broadcast" && page && <BroadcastDialog calls={calls} page={page} onClose={() => setDialog(null)} />}
      {dialog === "stale" && <RemoveStale calls={calls} onClose={() => setDialog(null)} />}
    </div>
  );
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function Head({ page, onBroadcast, onStale }: { page: ConnectionPage | null; onBroadcast: () => void; onStale: () => void }): ReactNode {
  const sockets = Object.values(page?.all_sockets ?? {}).reduce((sum, one) => sum + one, 0);
  return (
    <header className="connection-head">
      <div>
        <h1>Connections</h1>
        {page && (
          <p className="muted" role="status">
            {count(sockets)} {sockets === 1 ? "connection" : "connections"}, {count(page.active)} event {page.active === 1 ? "listener" : "listeners"}
            {page.uptime_seconds !== null && ` · server up ${span(page.uptime_seconds)}`}
          </p>
        )}
      </div>
      <div className="connection-actions">
        <button type="button" className="button" disabled={!page} onClick={onStale}>
          <Icon name="unplug" />
          Close stale connections
        </button>
        <button type="button" className="button primary" disabled={!page} onClick={onBroadcast} aria-keyshortcuts="b">
          <Icon name="megaphone" />
          Broadcast
        </button>
      </div>
    </header>
  );
}

interface ListProps {
  page: ConnectionPage;
  rows: ReturnType<typeof arranged>;
  view: View;
  open: string | null;
  now: number;
  onMore: () => void;
}

function List({ page, rows, view, open, now, onMore }: ListProps): ReactNode {
  const kinds = [...new Set(page.connections.map(({ kind }) => kind))].sort();
  const go = (changes: Partial<View>): void => navigate(pathOf({ ...view, ...changes }, open), { replace: true });
  const isFiltered = view.text !== "" || view.kind !== "";
  return (
    <>
      <div className="connection-filters" role="search">
        <input id="connection-search" type="search" aria-label="Search by client, address or subscription" placeholder="Client, address or subscription" value={view.text} onChange={(event) => go({ text: event.target.value })} />
        <select aria-label="Kind of socket" value={view.kind} onChange={(event) => go({ kind: event.target.value })}>
          <option value="">Every socket</option>
          {view.kind && !kinds.includes(view.kind) && <option>{view.kind}</option>}
          {kinds.map((kind) => (
            <option key={kind}>{kind}</option>
          ))}
        </select>
        <label className="connection-all">
          <input type="checkbox" checked={view.isOfAll} onChange={(event) => go({ isOfAll: event.target.checked, kind: "" })} />
          Include sessions and workflows
        </label>
        {isFiltered && (
          <span className="muted" role="status">
            {count(rows.length)} of {count(page.connections.length)}
          </span>
        )}
      </div>
      {rows.length > 0 && <Table rows={rows} view={view} open={open} now={now} />}
      {rows.length === 0 && <Nobody isFiltered={isFiltered} />}
      {page.next_cursor !== null && (
        <p className="connection-more">
          {isFiltered && "Filters apply to the loaded connections only. "}
          <button type="button" className="button quiet" onClick={onMore}>
            Load more
          </button>
        </p>
      )}
    </>
  );
}

function Nobody({ isFiltered }: { isFiltered: boolean }): ReactNode {
  return (
    <div className="empty">
      <h2>{isFiltered ? "No matching connections" : "No event listeners"}</h2>
      {isFiltered ? (
        <p>Remove a word or the kind of socket to see more.</p>
      ) : (
        <p>
          A client that opens a socket such as <code>/api/v1/websocket/ws/global</code> appears here.
        </p>
      )}
    </div>
  );
}
