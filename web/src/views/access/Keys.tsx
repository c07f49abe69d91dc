/** The API keys: all there are, what makes one, what revokes one. */

import { useEffect, useState, type ReactNode } from "react";
import { CallboardError, type CreatedKey, type ShownKey } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { useCommands } from "../../shell/commands";
import { setTitle } from "../../shell/title";
import { copyText } from "../../ui/clipboard";
import { Confirm } from "../../ui/Confirm";
import { Failure } from "../../ui/Failure";
import { Icon } from "../../ui/Icon";
import { moment, span, useNow } from "../../ui/time";
import { useLoaded } from "../../ui/useLoaded";
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
      <header className="access-head">
        <div>
          <h1>API keys</h1>
          <p className="muted">For programs. What a key makes belongs to its owner.</p>
        </div>
        <button type="button" className="button primary" onClick={() => setMaking(true)} aria-keyshortcuts="n">
          <Icon name="plus" />
          Create a key
        </button>
      </header>
      {made && <Made made={made} onClose={() => setMade(null)} />}
      {error && <Failure error={error} again={again} />}
      {!value && !error && <p className="loading">Loading the keys…</p>}
      {value?.length === 0 && (
        <div className="empty">
          <h2>No API keys yet</h2>
          <p>A program shows its key as “Authorization: Bearer KEY”, and may do with it what the key’s scopes say.</p>
        </div>
      )}
      {keys.length > 0 && <Table keys={keys} onRevoke={setRevoked} />}
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

function Table({ keys, onRevoke }: { keys: readonly ShownKey[]; onRevoke: (key: ShownKey) => void }): ReactNode {
  const client = useCallboard();
  const now = useNow(30_000) + client.clockSkew;
  return (
    <div className="access-table" tabIndex={0} role="region" aria-label="API keys">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Owner</th>
            <th scope="col">May</th>
            <th scope="col">Created</th>
            <th scope="col">Expires</th>
            <th scope="col">
              <span className="visually-hidden">Revoke</span>
            </th>
          </tr>
        </thead>
        <tbody>
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
        </tbody>
      </table>
    </div>
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
    try {
      await client.credentials.revokeKey(id);
    } catch (error) {
      if (!(error instanceof CallboardError) || error.status !== 404) throw error;
    }
    onDone();
    return `${name} was revoked.`;
  };
  return (
    <Confirm title={`Revoke ${name}?`} yes="Revoke it" busy="Revoking…" no="Keep it" act={act} onClose={onClose}>
      <p>Within a second the key is refused and its sockets are closed. What was made with it stays. This cannot be undone.</p>
    </Confirm>
  );
}
