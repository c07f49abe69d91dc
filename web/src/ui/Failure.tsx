/** Why something could not be loaded, and what asks for it again. */

import type { ReactNode } from "react";
import type { CallboardError } from "@callboard/client";
import { Icon } from "./Icon";

export function Failure({ error, again }: { error: CallboardError; again: () => void }): ReactNode {
  return (
    <div className="notice" data-tone="bad" role="alert">
      <Icon name="alert" />
      <span className="grow">{error.message}</span>
      <button type="button" className="button small" onClick={again}>
        Try again
      </button>
    </div>
  );
}
