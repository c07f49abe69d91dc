/** What comes before the page: who uses it is asked of the server, and of them where the server wants to know. */

import { useEffect, useState, type ReactNode } from "react";
import { CallboardError, type Identity } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { Shell } from "../shell/Shell";
import { Brand } from "../ui/Brand";
import { Icon } from "../ui/Icon";
import { LoginDialog } from "./LoginDialog";
import { LoginForm } from "./LoginForm";
import { useIdentified } from "./may";
import "./identity.css";

/** After so long a server that does not answer is asked again. */
const AGAIN_MS = 2000;

const USED = "The ticket in this address is not good any more: it lets somebody in once, within a day. The server shows a new one when it starts.";

/** What is wrong with the ticket, where the address had one; null where it let in whoever has it. */
async function redeem(identity: Identity, ticket: string): Promise<string | null> {
  try {
    await identity.redeem(ticket);
    return null;
  } catch (error) {
    if (error instanceof CallboardError && error.status === 401) return USED;
    return error instanceof Error ? error.message : String(error);
  }
}

/** Redeems the ticket, then asks who that is, again and again until the server answers. */
function enter(identity: Identity, ticket: string | null, said: (what: { trouble?: string | null; ticket?: string }) => void): () => void {
  const gone = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ask = async (): Promise<void> => {
    try {
      await identity.read(gone.signal);
      said({ trouble: null });
    } catch (error) {
      if (gone.signal.aborted) return;
      said({ trouble: error instanceof Error ? error.message : String(error) });
      timer = setTimeout(() => void ask(), AGAIN_MS);
    }
  };
  const begin = async (): Promise<void> => {
    const wrong = ticket === null ? null : await redeem(identity, ticket);
    if (wrong !== null) said({ ticket: wrong });
    if (identity.getState().phase === "unknown") await ask();
  };
  void begin();
  return () => {
    gone.abort();
    clearTimeout(timer);
  };
}

export function Entrance({ ticket }: { ticket: string | null }): ReactNode {
  const { identity } = useCallboard();
  const { phase } = useIdentified();
  const [trouble, setTrouble] = useState<string | null>(null);
  const [refused, setRefused] = useState<string | null>(null);
  useEffect(
    () =>
      enter(identity, ticket, (said) => {
        if (said.trouble !== undefined) setTrouble(said.trouble);
        if (said.ticket !== undefined) setRefused(said.ticket);
      }),
    [identity, ticket],
  );
  if (phase === "unknown") return <Before trouble={trouble} />;
  if (phase === "nobody") return <Login refused={refused} />;
  return (
    <>
      <Shell refused={refused} />
      <LoginDialog />
    </>
  );
}

function Before({ trouble }: { trouble: string | null }): ReactNode {
  return (
    <main className="login" id="main">
      {trouble === null ? (
        <p className="muted" role="status">
          Connecting…
        </p>
      ) : (
        <p className="notice" data-tone="warn" role="alert">
          <Icon name="alert" />
          <span className="grow">{trouble} Retrying…</span>
        </p>
      )}
    </main>
  );
}

function Login({ refused }: { refused: string | null }): ReactNode {
  useEffect(() => {
    document.title = "Log in · Callboard";
  }, []);
  return (
    <main className="login" id="main">
      <div className="card login-card">
        <div className="login-brand">
          <Brand />
          <span>Callboard</span>
        </div>
        <h1>Log in</h1>
        {refused !== null && (
          <p className="notice" data-tone="warn" role="alert">
            <Icon name="alert" />
            <span className="grow">{refused}</span>
          </p>
        )}
        <LoginForm />
      </div>
    </main>
  );
}
