/** How the session has ended: its result, or why there is none. */

import type { ReactNode } from "react";
import { writeJson, type SessionStore } from "@callboard/client";
import { useSelected } from "@callboard/client/react";
import { copyText } from "../../../ui/clipboard";
import { Icon } from "../../../ui/Icon";

const TITLES = { completed: "Result", failed: "It failed", cancelled: "It was cancelled" } as const;
const ICONS = { completed: "check", failed: "cross", cancelled: "ban" } as const;

export function OutcomeCard({ store }: { store: SessionStore }): ReactNode {
  const outcome = useSelected(store, (state) => state.outcome);
  if (!outcome) return null;
  const { kind } = outcome;
  return (
    <section className="outcome card" data-kind={kind} aria-label={TITLES[kind]} id="outcome">
      <header>
        <Icon name={ICONS[kind]} />
        <h2>{TITLES[kind]}</h2>
        {outcome.kind === "completed" && (
          <button type="button" className="button small quiet" onClick={() => void copyText(asJson(outcome.values), "The result is")}>
            <Icon name="copy" />
            Copy JSON
          </button>
        )}
      </header>
      {outcome.kind === "completed" ? <Result values={outcome.values} /> : <pre>{outcome.text || "No reason was given."}</pre>}
    </section>
  );
}

function asJson(value: unknown): string {
  return writeJson(value, 2);
}

function Result({ values }: { values: unknown }): ReactNode {
  const entries = values !== null && typeof values === "object" && !Array.isArray(values) ? Object.entries(values) : [];
  if (values === null) return <p className="muted">It gave no result.</p>;
  if (entries.length === 0) return <pre>{asJson(values)}</pre>;
  return (
    <dl className="result">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{typeof value === "string" ? <span className="result-text">{value || "—"}</span> : <pre>{asJson(value)}</pre>}</dd>
        </div>
      ))}
    </dl>
  );
}
