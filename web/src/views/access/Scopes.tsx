/** Scopes: chosen by people, and shown in words. */

import { useId, type ReactNode } from "react";
import { inWords, SCOPES, USUAL, type Scope } from "../../identity/scopes";

interface Props {
  legend: string;
  value: ReadonlySet<Scope>;
  onChange: (value: ReadonlySet<Scope>) => void;
  /** What is wrong with the choice. */
  fault?: string | undefined;
}

export function ScopeChoice({ legend, value, onChange, fault }: Props): ReactNode {
  const base = useId();
  const isAdmin = value.has("admin");
  const turn = (scope: Scope, on: boolean): void => {
    const next = new Set(value);
    if (on) next.add(scope);
    else next.delete(scope);
    onChange(next);
  };
  return (
    <fieldset className="scope-choice" aria-describedby={fault ? `${base}-fault` : undefined}>
      <legend>{legend}</legend>
      <div className="scope-sets">
        <button type="button" className="button small" onClick={() => onChange(new Set(USUAL))}>
          The usual
        </button>
        <button type="button" className="button small" onClick={() => onChange(new Set(USUAL.filter((scope) => scope.endsWith(":read"))))}>
          Only look
        </button>
        <button type="button" className="button small" onClick={() => onChange(new Set())}>
          Nothing
        </button>
      </div>
      <div className="scope-list">
        {SCOPES.map(([scope, words]) => (
          <label key={scope} title={scope}>
            <input type="checkbox" checked={value.has(scope) || isAdmin} disabled={isAdmin && scope !== "admin"} onChange={(event) => turn(scope, event.target.checked)} />
            {words}
          </label>
        ))}
      </div>
      {fault && (
        <p className="field-fault" id={`${base}-fault`} role="alert">
          {fault}
        </p>
      )}
    </fieldset>
  );
}

/** What scopes allow, in one line; each by its name on closer look. */
export function ScopeWords({ scopes }: { scopes: readonly string[] }): ReactNode {
  const text = scopes.includes("admin") ? inWords("admin") : isUsual(scopes) ? "Everything of their own" : scopes.map(inWords).join(", ") || "Nothing";
  return <span title={scopes.join(", ")}>{text}</span>;
}

function isUsual(scopes: readonly string[]): boolean {
  return scopes.length === USUAL.length && USUAL.every((scope) => scopes.includes(scope));
}
