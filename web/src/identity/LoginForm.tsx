/** Logs in: with a name and a password, or with an API key or token. */

import { useEffect, useId, useRef, useState, type FormEvent, type ReactNode } from "react";
import { CallboardError, type ShownPrincipal } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { Icon } from "../ui/Icon";
import { useNow } from "../ui/time";

export type Way = "password" | "token";

interface Props {
  /** The name that is filled in already. */
  name?: string;
  /** The way that is offered first, where none was used here before. */
  way?: Way;
  /** Whether only a token will do. */
  onlyToken?: boolean;
  /** `before` is who it was until then. */
  onDone?: (now: ShownPrincipal, before: ShownPrincipal | null) => void;
}

export function LoginForm({ name: known = "", way: first = "password", onlyToken = false, onDone }: Props): ReactNode {
  const { identity } = useCallboard();
  const base = useId();
  const [way, setWay] = useState<Way>(() => (onlyToken ? "token" : (recall() ?? first)));
  const [name, setName] = useState(known);
  const [secret, setSecret] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  /** When the server takes another try, in seconds since the epoch. */
  const [until, setUntil] = useState(0);
  const now = useNow(250, until > 0);
  const left = Math.ceil(until - now);
  const isLocked = left > 0;
  const field = useRef<HTMLInputElement>(null);

  useEffect(() => field.current?.focus(), [way]);

  const refuse = (refused: unknown): void => {
    if (!(refused instanceof CallboardError)) return setError(String(refused));
    if (refused.status === 429) {
      setUntil(Date.now() / 1000 + (refused.retryAfter ?? 30));
      return setError(null);
    }
    if (way === "password" && refused.status === 403) {
      setWay("token");
      setSecret("");
      return setError("Nobody logs in with a password on this server. Use an API key or token.");
    }
    setError(refused.status === 401 ? WRONG[way] : refused.message);
    field.current?.select();
  };
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (isBusy || isLocked) return;
    if (secret === "" || (way === "password" && name.trim() === "")) return setError(MISSING[way]);
    setBusy(true);
    setError(null);
    const before = identity.getState().principal;
    try {
      const principal = way === "password" ? await identity.logIn(name.trim(), secret) : await identity.use(secret.trim());
      remember(way);
      onDone?.(principal, before);
    } catch (refused) {
      refuse(refused);
    } finally {
      setBusy(false);
    }
  };
  const turn = (): void => {
    setWay(way === "password" ? "token" : "password");
    setSecret("");
    setError(null);
  };
  const isNamed = way === "password" && known !== "";
  return (
    <form className="login-form" onSubmit={(event) => void submit(event)} noValidate>
      {way === "password" && (
        <div className="field">
          <label htmlFor={`${base}-name`}>Name</label>
          <input ref={isNamed ? undefined : field} data-first={isNamed ? undefined : true} id={`${base}-name`} type="text" name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} value={name} onChange={(event) => setName(event.target.value)} />
        </div>
      )}
      <div className="field">
        <label htmlFor={`${base}-secret`}>{way === "password" ? "Password" : onlyToken ? "Admin token" : "API key or token"}</label>
        <input
          key={way}
          ref={way === "token" || isNamed ? field : undefined}
          data-first={way === "token" || isNamed ? true : undefined}
          id={`${base}-secret`}
          type="password"
          name={way}
          autoComplete={way === "password" ? "current-password" : "off"}
          spellCheck={false}
          value={secret}
          onChange={(event) => setSecret(event.target.value)}
          aria-invalid={error !== null || undefined}
          aria-describedby={`${base}-said`}
        />
      </div>
      <div id={`${base}-said`} className="login-said" aria-live="polite">
        {isLocked ? (
          <p className="notice" data-tone="warn">
            <Icon name="clock" />
            <span className="grow">Too many attempts. Try again in {left} s.</span>
          </p>
        ) : (
          error !== null && (
            <p className="notice" data-tone="bad" role="alert">
              <Icon name="alert" />
              <span className="grow">{error}</span>
            </p>
          )
        )}
        {way === "token" && error === null && !isLocked && <p className="muted">Kept until this tab is closed, and sent to this server only.</p>}
      </div>
      <div className="login-actions">
        <button type="submit" className="button primary" aria-disabled={isBusy || isLocked || undefined}>
          {isBusy ? "Logging in…" : "Log in"}
        </button>
        {!onlyToken && (
          <button type="button" className="button quiet" onClick={turn}>
            {way === "password" ? "Use an API key or token" : "Use a name and password"}
          </button>
        )}
      </div>
    </form>
  );
}

const WRONG = {
  password: "The name or the password is wrong.",
  token: "The server does not accept this. Check that it is complete, has not expired, and belongs to this server.",
} as const;

const MISSING = { password: "Enter your name and your password.", token: "Enter a key or token." } as const;

const KEY = "callboard:login";

/** The way that was used here last. */
function recall(): Way | null {
  try {
    const way = localStorage.getItem(KEY);
    return way === "password" || way === "token" ? way : null;
  } catch {
    return null;
  }
}

function remember(way: Way): void {
  try {
    localStorage.setItem(KEY, way);
  } catch {
    // Storage may be forbidden: then the usual way is offered next time.
  }
}
