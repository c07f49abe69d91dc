/** How the session has ended: its result, readably or as JSON, or why there is none. */

import { useState, type ReactNode } from "react";
import { writeJson, type SessionStore } from "@callboard/client";
import { useSelected } from "@callboard/client/react";
import { copyText } from "../../../ui/clipboard";
import { Icon } from "../../../ui/Icon";
import { Value } from "../../../ui/Value";
import "./outcome.css";

const TITLES = { completed: "Result", failed: "Failed", cancelled: "Cancelled" } as const;
const ICONS = { completed: "check", failed: "cross", cancelled: "ban" } as const;

/** `without` names members of the result that are shown elsewhere. */
export function OutcomeCard({ store, without = [] }: { store: SessionStore; without?: readonly string[] }): ReactNode {
  const outcome = useSelected(store, (state) => state.outcome);
  const [asJson, setAsJson] = useState(false);
  if (!outcome) return null;
  const { kind } = outcome;
  const hasResult = outcome.kind === "completed" && outcome.values !== null;
  return (
    <section className="outcome card" data-kind={kind} aria-label={TITLES[kind]} id="outcome">
      <header>
        <Icon name={ICONS[kind]} />
        <h2>{TITLES[kind]}</h2>
        {hasResult && (
          <span className="outcome-actions">
            <button type="button" className="button small quiet" aria-pressed={asJson} onClick={() => setAsJson(!asJson)}>
              JSON
            </button>
            <button type="button" className="button small quiet" onClick={() => void copyText(writeJson(outcome.values, 2), "Result")}>
              <Icon name="copy" />
              Copy
            </button>
          </span>
        )}
      </header>
      {outcome.kind !== "completed" ? (
        <pre tabIndex={0} aria-label="Reason">{outcome.text || "No reason was given."}</pre>
      ) : !hasResult ? (
        <p className="muted">The task finished without a result.</p>
      ) : asJson ? (
        <pre tabIndex={0} aria-label="Result as JSON">{writeJson(outcome.values, 2)}</pre>
      ) : (
        <div className="outcome-value">
          <Value value={leftOf(outcome.values, without)} />
        </div>
      )}
    </section>
  );
}

function leftOf(values: unknown, without: readonly string[]): unknown {
  if (without.length === 0 || values === null || typeof values !== "object" || Array.isArray(values)) return values;
  return Object.fromEntries(Object.entries(values).filter(([name]) => !without.includes(name)));
}
