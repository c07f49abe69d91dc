/** The forms that add a user, change what one may do, and set a password. */

import { useState, type ReactNode } from "react";
import type { ShownUser } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { SCOPES, USUAL, type Scope } from "../../identity/scopes";
import { Field } from "./Field";
import { Form } from "./Form";
import { ScopeChoice } from "./Scopes";

/** The server takes none that is shorter. */
const SHORTEST = 8;

interface Closing {
  onClose: () => void;
  onDone: (name: string) => void;
}

const groupsIn = (text: string): string[] => text.split(",").map((group) => group.trim()).filter(Boolean);

function passwordFault(password: string): Record<string, string> {
  return password.length < SHORTEST ? { password: `Must have at least ${SHORTEST} characters.` } : {};
}

export function AddUser({ onClose, onDone }: Closing): ReactNode {
  const client = useCallboard();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [groups, setGroups] = useState("");
  const [scopes, setScopes] = useState<ReadonlySet<Scope>>(new Set(USUAL));
  const check = (): Record<string, string> => ({
    ...(name.trim() === "" && { name: "Say what the user is called." }),
    ...passwordFault(password),
    ...(scopes.size === 0 && { scopes: "Choose what the user may do." }),
  });
  const act = async (): Promise<void> => {
    const added = await client.credentials.addUser({ name: name.trim(), password, scopes: [...scopes], groups: groupsIn(groups) });
    onDone(added.name);
  };
  return (
    <Form title="Add a user" yes="Add the user" busy="Adding…" fields={["name", "password", "scopes", "groups"]} check={check} act={act} onClose={onClose}>
      {(faults) => (
        <>
          <div className="access-fields">
            <Field label="Name" hint="What the user makes belongs to this name." data-first value={name} onText={setName} fault={faults["name"]} />
            <Field label="Password" type="password" autoComplete="new-password" hint={`At least ${SHORTEST} characters.`} value={password} onText={setPassword} fault={faults["password"]} />
            <Field label="Groups" hint="With commas in between. Questions can be put to a group." value={groups} onText={setGroups} fault={faults["groups"]} />
          </div>
          <ScopeChoice legend="The user may" value={scopes} onChange={setScopes} fault={faults["scopes"]} />
        </>
      )}
    </Form>
  );
}

export function EditUser({ user, onClose, onDone }: Closing & { user: ShownUser }): ReactNode {
  const client = useCallboard();
  const [groups, setGroups] = useState(user.groups.join(", "));
  const [scopes, setScopes] = useState<ReadonlySet<Scope>>(() => new Set(SCOPES.map(([scope]) => scope).filter((scope) => user.scopes.includes(scope))));
  const check = (): Record<string, string> => (scopes.size === 0 ? { scopes: "Choose what the user may do." } : {});
  const act = async (): Promise<void> => {
    await client.credentials.changeUser(user.name, { scopes: [...scopes], groups: groupsIn(groups) });
    onDone(user.name);
  };
  return (
    <Form title={`Change ${user.name}`} yes="Save" busy="Saving…" fields={["scopes", "groups"]} check={check} act={act} onClose={onClose}>
      {(faults) => (
        <>
          <p className="muted">All logins of {user.name} end: the change holds from the next login on.</p>
          <div className="access-fields">
            <Field label="Groups" hint="With commas in between." value={groups} onText={setGroups} fault={faults["groups"]} />
          </div>
          <ScopeChoice legend={`${user.name} may`} value={scopes} onChange={setScopes} fault={faults["scopes"]} />
        </>
      )}
    </Form>
  );
}

export function SetPassword({ user, onClose, onDone }: Closing & { user: ShownUser }): ReactNode {
  const client = useCallboard();
  const [password, setPassword] = useState("");
  const act = async (): Promise<void> => {
    await client.credentials.changeUser(user.name, { password });
    onDone(user.name);
  };
  return (
    <Form title={`Set the password of ${user.name}`} yes="Set the password" busy="Setting…" fields={["password"]} check={() => passwordFault(password)} act={act} onClose={onClose}>
      {(faults) => (
        <>
          <p className="muted">All logins of {user.name} end within a second.</p>
          <Field label="New password" type="password" autoComplete="new-password" data-first hint={`At least ${SHORTEST} characters.`} value={password} onText={setPassword} fault={faults["password"]} />
        </>
      )}
    </Form>
  );
}
