/** The form that makes an API key. */

import { useState, type ReactNode } from "react";
import type { CreatedKey } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { useIdentified } from "../../identity/may";
import { USUAL, type Scope } from "../../identity/scopes";
import { Field } from "./Field";
import { Form } from "./Form";
import { ScopeChoice } from "./Scopes";

const DAY = 86_400;
const EXPIRIES = [
  [7 * DAY, "In 7 days"],
  [30 * DAY, "In 30 days"],
  [90 * DAY, "In 90 days"],
  [365 * DAY, "In a year"],
  [0, "Never"],
] as const;

export function NewKey({ onClose, onMade }: { onClose: () => void; onMade: (key: CreatedKey) => void }): ReactNode {
  const client = useCallboard();
  const { principal } = useIdentified();
  const [name, setName] = useState("");
  const [owner, setOwner] = useState(principal?.kind === "known" ? principal.owner : "");
  const [scopes, setScopes] = useState<ReadonlySet<Scope>>(new Set(USUAL));
  const [expiresIn, setExpiresIn] = useState<number>(90 * DAY);
  const check = (): Record<string, string> => ({
    ...(name.trim() === "" && { name: "Say what the key is for." }),
    ...(owner.trim() === "" && { owner: "Say whose it is." }),
    ...(scopes.size === 0 && { scopes: "Choose what may be done with it." }),
  });
  const act = async (): Promise<void> => {
    const made = await client.credentials.createKey({ name: name.trim(), owner: owner.trim(), scopes: [...scopes], ...(expiresIn > 0 && { expires_in: expiresIn }) });
    onMade(made);
  };
  return (
    <Form title="Create an API key" yes="Create the key" busy="Creating…" fields={["name", "owner", "scopes"]} check={check} act={act} onClose={onClose}>
      {(faults) => (
        <>
          <div className="access-fields">
            <Field label="Name" hint="What it is for, such as “nightly import”." data-first value={name} onText={setName} fault={faults["name"]} maxLength={100} />
            <Field label="Owner" hint="What is made with it belongs to them." value={owner} onText={setOwner} fault={faults["owner"]} />
            <div className="access-field">
              <label htmlFor="key-expires">Expires</label>
              <select id="key-expires" value={expiresIn} onChange={(event) => setExpiresIn(Number(event.target.value))}>
                {EXPIRIES.map(([seconds, words]) => (
                  <option key={seconds} value={seconds}>
                    {words}
                  </option>
                ))}
              </select>
            </div>
          </div>
          <ScopeChoice legend="With it, one may" value={scopes} onChange={setScopes} fault={faults["scopes"]} />
        </>
      )}
    </Form>
  );
}
