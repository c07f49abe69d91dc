/** The users of this page: who there is, and what adds, changes and removes one. */

import { useEffect, useState, type ReactNode } from "react";
import { CallboardError, type ShownUser } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { useCommands } from "../../shell/commands";
import { setTitle } from "../../shell/title";
import { tell } from "../../shell/toasts";
import { Confirm } from "../../ui/Confirm";
import { Failure } from "../../ui/Failure";
import { Icon } from "../../ui/Icon";
import { moment } from "../../ui/time";
import { useLoaded } from "../../ui/useLoaded";
import { AddUser, EditUser, SetPassword } from "./UserForms";
import { ScopeWords } from "./Scopes";

type Asked = { what: "add" } | { what: "edit" | "password" | "remove"; user: ShownUser };

export function Users(): ReactNode {
  const client = useCallboard();
  const { value, error, again } = useLoaded("users", (signal) => client.credentials.users(signal));
  const [asked, setAsked] = useState<Asked | null>(null);
  useEffect(() => setTitle("Users"), []);
  useCommands([{ id: "new-user", title: "Add a user", group: "Access", keys: "n", run: () => setAsked({ what: "add" }) }], "users");
  const close = (): void => setAsked(null);
  const done = (text: string): void => {
    close();
    tell(text, "good");
    again();
  };
  return (
    <>
      <header className="access-head">
        <div>
          <h1>Users</h1>
          <p className="muted">Who logs in on this page with a name and a password.</p>
        </div>
        <button type="button" className="button primary" onClick={() => setAsked({ what: "add" })} aria-keyshortcuts="n">
          <Icon name="plus" />
          Add a user
        </button>
      </header>
      {error && <Failure error={error} again={again} />}
      {!value && !error && <p className="loading">Loading the users…</p>}
      {value?.length === 0 && (
        <div className="empty">
          <h2>No users yet</h2>
          <p>
            Users log in while the setting <code>auth.users</code> is on. Then everybody has to show who they are.
          </p>
        </div>
      )}
      {value && value.length > 0 && <Table users={value} ask={setAsked} />}
      {asked?.what === "add" && <AddUser onClose={close} onDone={(name) => done(`${name} was added.`)} />}
      {asked?.what === "edit" && <EditUser user={asked.user} onClose={close} onDone={(name) => done(`${name} was changed.`)} />}
      {asked?.what === "password" && <SetPassword user={asked.user} onClose={close} onDone={(name) => done(`${name} has a new password.`)} />}
      {asked?.what === "remove" && <Remove user={asked.user} onClose={close} onDone={again} />}
    </>
  );
}

function Table({ users, ask }: { users: readonly ShownUser[]; ask: (asked: Asked) => void }): ReactNode {
  return (
    <div className="access-table" tabIndex={0} role="region" aria-label="Users">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Groups</th>
            <th scope="col">May</th>
            <th scope="col">Added</th>
            <th scope="col">
              <span className="visually-hidden">Change</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {users.map((user) => (
            <tr key={user.name}>
              <th scope="row">{user.name}</th>
              <td>{user.groups.join(", ") || <span className="muted">None</span>}</td>
              <td className="access-scopes">
                <ScopeWords scopes={user.scopes} />
              </td>
              <td>{moment(user.created_at)}</td>
              <td className="access-buttons">
                <button type="button" className="button small" aria-label={`Change ${user.name}`} onClick={() => ask({ what: "edit", user })}>
                  <Icon name="edit" />
                  Change
                </button>
                <button type="button" className="button small" aria-label={`Set the password of ${user.name}`} onClick={() => ask({ what: "password", user })}>
                  <Icon name="lock" />
                  Password
                </button>
                <button type="button" className="button small danger" aria-label={`Remove ${user.name}`} onClick={() => ask({ what: "remove", user })}>
                  <Icon name="trash" />
                  Remove
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Remove({ user: { name }, onClose, onDone }: { user: ShownUser; onClose: () => void; onDone: () => void }): ReactNode {
  const client = useCallboard();
  const act = async (): Promise<string> => {
    try {
      await client.credentials.removeUser(name);
    } catch (error) {
      if (!(error instanceof CallboardError) || error.status !== 404) throw error;
    }
    onDone();
    return `${name} was removed.`;
  };
  return (
    <Confirm title={`Remove ${name}?`} yes="Remove" busy="Removing…" no="Keep" act={act} onClose={onClose}>
      <p>All logins of {name} end within a second. What belongs to {name} stays, and belongs to whoever gets that name later.</p>
    </Confirm>
  );
}
