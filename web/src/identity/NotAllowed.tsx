/** What stands in the place of a view that somebody may not see, and what they can do about that. */

import type { ReactNode } from "react";
import { Link, ROOT } from "../shell/router";
import { Icon } from "../ui/Icon";
import { useLogin } from "./LoginDialog";
import { useIdentified } from "./may";
import { inWords, type Scope } from "./scopes";

export function NotAllowed({ title, scope }: { title: string; scope: Scope }): ReactNode {
  const { principal } = useIdentified();
  const open = useLogin((login) => login.open);
  const isUnnamed = principal?.kind !== "known";
  return (
    <div className="empty">
      <Icon name="lock" className="empty-icon" />
      <h1>{isUnnamed ? `${title} is for operators` : `You may not see ${title.toLowerCase()}`}</h1>
      {isUnnamed ? (
        <p>It needs the admin token of this server.</p>
      ) : (
        <p>
          It needs the scope <code>{scope}</code> ({inWords(scope).toLowerCase()}), which your login does not have. Ask an administrator of this server for it.
        </p>
      )}
      {isUnnamed && (
        <button type="button" className="button primary" onClick={open}>
          <Icon name="lock" />
          Use the admin token
        </button>
      )}
    </div>
  );
}

/** What a visitor sees in the place of lists. `refused` says why the ticket in the address let nobody in. */
export function ForVisitors({ refused }: { refused: string | null }): ReactNode {
  const open = useLogin((login) => login.open);
  return (
    <div className="empty">
      <Icon name="lock" className="empty-icon" />
      <h1>Nothing is listed to visitors</h1>
      {refused !== null && (
        <p className="notice" data-tone="warn" role="alert">
          <Icon name="alert" />
          <span className="grow">{refused}</span>
        </p>
      )}
      <p>This server can be reached by others and does not ask who they are, so it shows each only what they have the address of.</p>
      <ul className="visitor-ways">
        <li>
          Is this server yours? Its log shows an address that ends in <code>#ticket=…</code>, which lets you in as its operator. It is good once, for a day after the start.
        </li>
        <li>The admin token does the same.</li>
        <li>Somebody else’s? Open the link that they have sent you, or start a task of your own.</li>
      </ul>
      <div className="visitor-actions">
        <button type="button" className="button primary" onClick={open}>
          <Icon name="lock" />
          Use the admin token
        </button>
        <Link className="button" to={`${ROOT}/tasks/new`}>
          Start a task
        </Link>
      </div>
    </div>
  );
}
