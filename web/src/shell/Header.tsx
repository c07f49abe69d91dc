/** The header: where one is, how the page stands with the server, and what leads on. */

import { useEffect, useState, type ReactNode } from "react";
import { useCallboard } from "@callboard/client/react";
import { AccountButton } from "../identity/Account";
import { Icon } from "../ui/Icon";
import { useNow } from "../ui/time";
import { NOT_AUTHENTICATED, shown, useLinks, type LinkState } from "./link";
import { useTheme } from "./theme";

interface Props {
  title: string;
  onPalette: () => void;
  onHelp: () => void;
  onAccount: () => void;
}

export function Header({ title, onPalette, onHelp, onAccount }: Props): ReactNode {
  return (
    <header className="top">
      <p className="where">
        <span className="name">Callboard</span>
        <span className="view-name">{title}</span>
      </p>
      <button type="button" className="search-button" onClick={onPalette} aria-label="Search or run a command" aria-keyshortcuts="Control+K">
        <Icon name="search" />
        <span>Search or run a command</span>
        <kbd>Ctrl K</kbd>
      </button>
      <ConnectionPill />
      <Version />
      <ThemeButton />
      <button type="button" className="icon-button" onClick={onHelp} aria-label="Shortcuts" title="Shortcuts (?)">
        <Icon name="help" />
      </button>
      <AccountButton onOpen={onAccount} />
    </header>
  );
}

function words({ phase, roundTrip, until, code }: LinkState, now: number): string {
  switch (phase) {
    case "connecting":
      return "Connecting…";
    case "live":
      return roundTrip === null ? "Live" : `Live · ${Math.max(1, Math.round(roundTrip))} ms`;
    case "stale":
      return "Stale: no answer";
    case "reconnecting":
      return `Reconnecting in ${Math.max(0, Math.ceil((until ?? now * 1000) / 1000 - now))} s`;
    case "done":
      return "Ended";
    case "stopped":
      return code === NOT_AUTHENTICATED ? "Logged out" : "Disconnected";
  }
}

function ConnectionPill(): ReactNode {
  const links = useLinks();
  const link = shown(links);
  const waits = link?.phase === "reconnecting";
  const now = useNow(250, waits);
  if (!link) return null;
  const canRetry = waits || (link.phase === "stopped" && link.code !== NOT_AUTHENTICATED);
  return (
    <div className="pill-box">
      <span className="pill" id="connection" data-phase={link.phase} title={link.reason || undefined}>
        <span className="dot" aria-hidden="true" />
        {words(link, now)}
      </span>
      {canRetry && (
        <button type="button" className="button small" onClick={link.retry}>
          Reconnect
        </button>
      )}
      <span className="visually-hidden" role="status">
        {link.phase === "live" ? "Connected" : link.phase === "reconnecting" ? "Connection lost, reconnecting" : ""}
      </span>
    </div>
  );
}

function Version(): ReactNode {
  const client = useCallboard();
  const phase = useLinks((links) => shown(links)?.phase);
  const [version, setVersion] = useState("");
  useEffect(() => {
    // Asked again after every interruption: the server may have been updated in between.
    if (phase !== "live") return undefined;
    const gone = new AbortController();
    client.about(gone.signal).then((about) => setVersion(about.version), () => undefined);
    return () => gone.abort();
  }, [client, phase]);
  return version ? (
    <span className="version" title="Server version">
      v{version}
    </span>
  ) : null;
}

const THEMES = { system: ["auto", "System"], light: ["sun", "Light"], dark: ["moon", "Dark"] } as const;

function ThemeButton(): ReactNode {
  const { theme, next } = useTheme();
  const [icon, name] = THEMES[theme];
  return (
    <button type="button" className="icon-button" onClick={next} aria-label={`Theme: ${name}. Change`} title={`Theme: ${name} (t)`}>
      <Icon name={icon} />
    </button>
  );
}
