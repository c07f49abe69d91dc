/** Who uses the page: in the header in a word, in a dialog with all that they may do. */

import { useEffect, useState, type ReactNode } from "react";
import { CallboardError, type ShownPrincipal } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { dropAllDrafts } from "../forms/drafts";
import { ROOT } from "../shell/router";
import { tell } from "../shell/toasts";
import { Dialog } from "../ui/Dialog";
import { Icon } from "../ui/Icon";
import { moment, span, useNow } from "../ui/time";
import { LoginAgain, useLogin } from "./LoginDialog";
import { useIdentified } from "./may";
import { allows, inWords, nameOf, SCOPES } from "./scopes";

/** From then on before the end of a login, the page offers to log in anew. */
const ENDS_SOON_S = 300;

export function AccountButton({ onOpen }: { onOpen: () => void }): ReactNode {
  const { principal, phase } = useIdentified();
  if (!principal) return null;
  const name = nameOf(principal);
  return (
    <>
      <LoginAgain />
      {phase === "known" && <EndsSoon principal={principal} />}
      <button type="button" className="account-button" onClick={onOpen} aria-label={`Account: ${name}`} title={`Account: ${name}`}>
        <Icon name="person" />
        <span>{name}</span>
      </button>
    </>
  );
}

/** Says how long a login lasts, once that is not long. */
function EndsSoon({ principal: { expires_at: end } }: { principal: ShownPrincipal }): ReactNode {
  const client = useCallboard();
  const open = useLogin((login) => login.open);
  const [isSoon, setSoon] = useState(false);
  useEffect(() => {
    setSoon(false);
    if (end === null) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    // A timer holds no more than 24 days.
    const wait = (): void => {
      const left = (end - ENDS_SOON_S) * 1000 - (Date.now() + client.clockSkew * 1000);
      if (left <= 0) return setSoon(true);
      timer = setTimeout(wait, Math.min(left, 86_400_000));
    };
    wait();
    return () => clearTimeout(timer);
  }, [client, end]);
  const now = useNow(1000, isSoon) + client.clockSkew;
  if (!isSoon || end === null) return null;
  return (
    <button type="button" className="button small account-ends" onClick={open} title="Log in again, to go on without a break">
      <Icon name="clock" />
      Login ends in {span(Math.max(0, Math.floor(end - now)))}
    </button>
  );
}

export function Account({ onClose }: { onClose: () => void }): ReactNode {
  const { identity } = useCallboard();
  const { principal, hasCredential } = useIdentified();
  const openLogin = useLogin((login) => login.open);
  const [isLeaving, setLeaving] = useState(false);
  if (!principal) return null;
  const leave = async (): Promise<void> => {
    setLeaving(true);
    try {
      await identity.logOut();
      dropAllDrafts();
      location.assign(ROOT);
    } catch (error) {
      setLeaving(false);
      tell(error instanceof CallboardError ? error.message : String(error), "bad");
    }
  };
  const canBecomeOperator = principal.kind === "local" || principal.kind === "visitor";
  return (
    <Dialog title="Account" onClose={onClose} className="account">
      <dl className="facts">
        {facts(principal).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <h3>You may</h3>
      <Allowed principal={principal} />
      <div className="actions">
        {canBecomeOperator && (
          <button
            type="button"
            className="button"
            onClick={() => {
              onClose();
              openLogin();
            }}
          >
            <Icon name="lock" />
            Use the admin token
          </button>
        )}
        {hasCredential && (
          <button type="button" className="button" aria-disabled={isLeaving || undefined} onClick={() => void leave()}>
            {isLeaving ? "Logging out…" : "Log out"}
          </button>
        )}
      </div>
    </Dialog>
  );
}

const KINDS: Readonly<Record<string, string>> = {
  operator: "Operator of this server",
  local: "Somebody on the server’s own machine",
  visitor: "A visitor: this server does not ask who anybody is",
};

function facts({ kind, owner, groups, expires_at: end }: ShownPrincipal): [string, string][] {
  const found: [string, string][] = kind === "known" ? [["Logged in as", owner]] : [["You are", KINDS[kind] ?? kind]];
  if (groups.length > 0) found.push([groups.length === 1 ? "Group" : "Groups", groups.join(", ")]);
  if (end !== null) found.push(["Until", moment(end)]);
  return found;
}

/** What somebody may do, in words. */
function Allowed({ principal }: { principal: ShownPrincipal }): ReactNode {
  if (allows(principal, "admin")) return <p>Do everything on this server, also with what belongs to others.</p>;
  if (principal.kind === "local") return <p>Do everything but what needs the admin token, such as closing connections.</p>;
  if (principal.kind === "visitor") return <p>Start tasks, and open what you have the address of. Nothing is listed to visitors.</p>;
  const known = SCOPES.filter(([scope]) => principal.scopes?.includes(scope)).map(([scope]) => scope as string);
  const others = (principal.scopes ?? []).filter((scope) => !known.includes(scope));
  if (known.length + others.length === 0) return <p>Nothing yet: an administrator has to give you scopes.</p>;
  return (
    <ul className="account-scopes">
      {[...known, ...others].map((scope) => (
        <li key={scope}>
          <Icon name="check" />
          {inWords(scope)}
        </li>
      ))}
    </ul>
  );
}
