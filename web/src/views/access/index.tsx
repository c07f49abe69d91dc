/** Access: who may use the server, by an API key or as a user of this page. */

import type { ReactNode } from "react";
import type { ViewProps } from "../../shell/registry";
import { Link, ROOT } from "../../shell/router";
import { Keys } from "./Keys";
import { Users } from "./Users";
import "./access.css";

const PATHS = { keys: `${ROOT}/access`, users: `${ROOT}/access/users` } as const;

export default function AccessView({ rest }: ViewProps): ReactNode {
  const current = rest[0] === "users" ? "users" : "keys";
  return (
    <div className="access">
      <nav className="access-tabs" aria-label="Access">
        <Link to={PATHS.keys} aria-current={current === "keys" ? "page" : undefined}>
          API keys
        </Link>
        <Link to={PATHS.users} aria-current={current === "users" ? "page" : undefined}>
          Users
        </Link>
      </nav>
      {current === "keys" ? <Keys /> : <Users />}
    </div>
  );
}
