/** What stands between the page and the session: a lost connection, a long replay, a proxy without WebSockets. */

import type { ReactNode } from "react";
import type { SessionStore } from "@callboard/client";
import { useSelected } from "@callboard/client/react";
import { Icon } from "../../../ui/Icon";
import { count } from "../../../ui/time";

export function Trouble({ store }: { store: SessionStore }): ReactNode {
  const connection = useSelected(store, (state) => state.connection);
  const replay = useSelected(store, (state) => state.replay);
  const dropped = useSelected(store, (state) => state.dropped);
  const { phase, reason, transport } = connection;
  const away = phase === "reconnecting" || (phase === "connecting" && reason !== "");
  return (
    <>
      {(away || phase === "stopped" || phase === "stale") && (
        <div className="notice" id="trouble" data-tone={phase === "stopped" ? "bad" : "warn"} role="alert">
          <Icon name="alert" />
          <span className="grow">
            {phase === "stale" ? "The server has not answered for some seconds." : reason}{" "}
            {phase === "stopped" ? "The page does not reconnect on its own." : "The page reconnects on its own and continues where it was. What you typed stays."}
          </span>
          {phase !== "stale" && (
            <button type="button" className="button small" onClick={store.reconnect}>
              Reconnect now
            </button>
          )}
        </div>
      )}
      {phase === "live" && transport === "events" && (
        <p className="notice" data-tone="plain">
          <Icon name="info" />
          <span className="grow">WebSockets do not reach the server, so this page uses server-sent events instead. Everything works.</span>
        </p>
      )}
      {replay && replay.count > 200 && (
        <p className="notice" id="replay" data-tone="plain" role="status">
          <Icon name="spin" className="spinning" />
          <span className="grow">
            Loading the history: {count(replay.done)} of {count(replay.count)} entries.
          </span>
        </p>
      )}
      {dropped > 0 && <p className="notice" data-tone="plain">{count(dropped)} earlier entries are not shown.</p>}
    </>
  );
}
