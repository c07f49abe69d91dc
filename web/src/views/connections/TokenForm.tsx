/** Asks for the admin token. */

import { useState, type ReactNode } from "react";
import { Icon } from "../../ui/Icon";
import { useToken } from "./token";

export function TokenForm({ wasRefused }: { wasRefused: boolean }): ReactNode {
  const [text, setText] = useState("");
  const isAsking = useToken(({ token }) => token !== null);
  const isWrong = wasRefused && !isAsking && text === "";
  return (
    <form
      className="card token"
      onSubmit={(event) => {
        event.preventDefault();
        if (!text.trim()) return;
        useToken.getState().set(text.trim());
        setText("");
      }}
    >
      <h2>
        <Icon name="lock" />
        Admin token required
      </h2>
      <p>
        From another machine, only operators can see and close connections. The token is the setting <code>server.admin_token</code>. If none is set, the server created one
        on its first start: it is in the file that ends in <code>.admin-token</code>, beside the database.
      </p>
      <label htmlFor="admin-token">Admin token</label>
      <div className="token-row">
        <input
          id="admin-token"
          type="password"
          autoComplete="off"
          spellCheck={false}
          autoFocus
          value={text}
          onChange={(event) => setText(event.target.value)}
          aria-invalid={isWrong || undefined}
          aria-describedby="token-note"
        />
        <button type="submit" className="button primary" aria-disabled={text.trim() === ""}>
          Continue
        </button>
      </div>
      {isWrong && (
        <p className="field-fault" role="alert">
          The server does not accept this token. Check that it is complete and belongs to this server, then try again.
        </p>
      )}
      <p id="token-note" className="muted">
        {isAsking ? "Checking…" : "Kept until this tab is closed, and sent to this server only."}
      </p>
    </form>
  );
}
