/** The API keys: all there are, what makes one, what revokes one. */

import { useEffect, useState, type ReactNode } from "react";
import type { CreatedKey, ShownKey } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { useCommands } from "../../shell/commands";
import { setTitle } from "../../shell/title";
import { copyText } from "../../ui/clipboard";
import { Confirm } from "../../ui/Confirm";
import { Icon } from "../../ui/Icon";
import { moment, span, useNow } from "../../ui/time";
import { useLoaded } from "../../ui/useLoaded";
import { List, removed } from "./List";
import { NewKey } from "./NewKey";
import { ScopeWords } from "./Scopes";

export function Keys(): ReactNode {
  const client = useCallboard();
  const { value, error, again } = useLoaded("keys", (signal) => client.credentials.keys(signal));
  const [isMaking, setMaking] = useState(false);
  const [made, setMade] = useState<CreatedKey | null>(null);
  const [revoked, setRevoked] = useState<ShownKey | null>(null);
  useEffect(() => setTitle("API keys"), []);
  useCommands([{ id: "new-key", title: "Create an API key", group: "Access", keys: "n", run: () => setMaking(true) }], "keys");
  const keys = [...(value ?? [])].sort((one, other) => other.created_at - one.created_at);
  return (
    <>
      <List
        title="API keys"
        about="For programs. What a key makes belongs to its owner."
        add="Create a key"
        onAdd={() => setMaking(true)}
        things="keys"
        count={value?.length}
        error={error}
        again={again}
        empty={
          <>
            <h2>No API keys yet</h2>
            <p>A program shows its key as “Authorization: Bearer KEY”, and may do with it what the key’s scopes say.</p>
          </>
        }
        notice={made && <Made made={made} onClose={() => setMade(null)} />}
        columns={["Name", "Owner", "May", "Created", "Expires", "Revoke"]}
      >
        <Rows keys={keys} onRevoke={setRevoked} />
      </List>
      {isMaking && (
        <NewKey
          onClose={() => setMaking(false)}
          onMade={(key) => {
            setMaking(false);
            setMade(key);
            again();
          }}
        />
      )}
      {revoked && <Revoke shown={revoked} onClose={() => setRevoked(null)} onDone={again} />}
    </>
  );
}

function Rows({ keys, onRevoke }: { keys: readonly ShownKey[]; onRevoke: (key: ShownKey) => void }): ReactNode {
  const client = useCallboard();
  const now = useNow(30_000) + client.clockSkew;
  return (
    <>
      {keys.map((key) => (
        <tr key={key.id}>
          <th scope="row">
            {key.name} <code title="The key’s id">{key.id}</code>
          </th>
          <td>{key.owner}</td>
          <td className="access-scopes">
            <ScopeWords scopes={key.scopes} />
          </td>
          <td>{moment(key.created_at)}</td>
          <td>
            <Expiry at={key.expires_at} now={now} />
          </td>
          <td>
            <button type="button" className="button small danger" aria-label={`Revoke ${key.name}`} onClick={() => onRevoke(key)}>
              <Icon name="ban" />
              Revoke
            </button>
          </td>
        </tr>
      ))}
    </>
  );
}

/** `now` is by the server's clock, in seconds. */
function Expiry({ at, now }: { at: number | null; now: number }): ReactNode {
  if (at === null) return <span className="muted">Never</span>;
  if (at <= now) return <span className="tag">Expired</span>;
  return <span title={moment(at)}>in {span(at - now)}</span>;
}

/** The key itself, which nobody is shown again. */
function Made({ made, onClose }: { made: CreatedKey; onClose: () => void }): ReactNode {
  return (
    <section className="card made-key" aria-label={`The key ${made.name}`}>
      <h2>
        <Icon name="check" />
        {made.name} was created
      </h2>
      <p>Copy the key now: it is shown only this once, and cannot be read again.</p>
      <div className="made-row">
        <code tabIndex={0}>{made.key}</code>
        <button type="button" className="button primary" autoFocus onClick={() => void copyText(made.key, "Key")}>
          <Icon name="copy" />
          Copy
        </button>
        <button type="button" className="button" onClick={onClose}>
          Done
        </button>
      </div>
    </section>
  );
}

function Revoke({ shown: { id, name }, onClose, onDone }: { shown: ShownKey; onClose: () => void; onDone: () => void }): ReactNode {
  const client = useCallboard();
  const act = async (): Promise<string> => {
    await removed(client.credentials.revokeKey(id));
    onDone();
    return `${name} was revoked.`;
  };
  return (
    <Confirm title={`Revoke ${name}?`} yes="Revoke it" busy="Revoking…" no="Keep it" act={act} onClose={onClose}>
      <p>Within a second the key is refused and its sockets are closed. What was made with it stays. This cannot be undone.</p>
    </Confirm>
  );
}
