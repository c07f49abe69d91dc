/** The users of this page: who there is, and what adds, changes and removes one. */

import { useEffect, useState, type ReactNode } from "react";
import type { ShownUser } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { useCommands } from "../../shell/commands";
import { setTitle } from "../../shell/title";
import { tell } from "../../shell/toasts";
import { Confirm } from "../../ui/Confirm";
import { Icon } from "../../ui/Icon";
import { moment } from "../../ui/time";
import { useLoaded } from "../../ui/useLoaded";
import { List, removed } from "./List";
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
      <List
        title="Users"
        about="Who logs in on this page with a name and a password."
        add="Add a user"
        onAdd={() => setAsked({ what: "add" })}
        things="users"
        count={value?.length}
        error={error}
        again={again}
        empty={
          <>
            <h2>No users yet</h2>
            <p>
              Users log in while the setting <code>auth.users</code> is on. Then everybody has to show who they are.
            </p>
          </>
        }
        columns={["Name", "Groups", "May", "Added", "Change"]}
      >
        <Rows users={value ?? []} ask={setAsked} />
      </List>
      {asked?.what === "add" && <AddUser onClose={close} onDone={(name) => done(`${name} was added.`)} />}
      {asked?.what === "edit" && <EditUser user={asked.user} onClose={close} onDone={(name) => done(`${name} was changed.`)} />}
      {asked?.what === "password" && <SetPassword user={asked.user} onClose={close} onDone={(name) => done(`${name} has a new password.`)} />}
      {asked?.what === "remove" && <Remove user={asked.user} onClose={close} onDone={again} />}
    </>
  );
}

function Rows({ users, ask }: { users: readonly ShownUser[]; ask: (asked: Asked) => void }): ReactNode {
  return (
    <>
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
    </>
  );
}

function Remove({ user: { name }, onClose, onDone }: { user: ShownUser; onClose: () => void; onDone: () => void }): ReactNode {
  const client = useCallboard();
  const act = async (): Promise<string> => {
    await removed(client.credentials.removeUser(name));
    onDone();
    return `${name} was removed.`;
  };
  return (
    <Confirm title={`Remove ${name}?`} yes="Remove" busy="Removing…" no="Keep" act={act} onClose={onClose}>
      <p>All logins of {name} end within a second. What belongs to {name} stays, and belongs to whoever gets that name later.</p>
    </Confirm>
  );
}
