/** What agents have spent, against what they may. */

import type { ReactNode } from "react";
import { count, span } from "../../../ui/time";
import { money } from "../../../ui/units";
import type { Board, Spending } from "./board";

const ROWS: readonly { of: keyof Spending; title: string; words: (value: number) => string }[] = [
  { of: "tokens", title: "Tokens", words: (value) => count(Math.round(value)) },
  { of: "turns", title: "Turns", words: (value) => count(Math.round(value)) },
  { of: "cost", title: "Cost", words: (value) => money(value) },
  { of: "seconds", title: "Time with models", words: (value) => span(value) },
];
/** From that share of a budget on, it is worth saying. */
const NEARLY = 0.8;

export function Spent({ board: { spent, budget, isEstimated } }: { board: Board }): ReactNode {
  const rows = ROWS.filter(({ of }) => spent[of] !== null && (of !== "cost" || spent.cost !== 0 || budget.cost !== null));
  if (rows.length === 0 || !spent.turns) return null;
  return (
    <dl className="card agents-spent" aria-label="Spent">
      {rows.map(({ of, title, words }) => {
        const [value, most] = [spent[of] ?? 0, budget[of]];
        const share = most ? value / most : null;
        return (
          <div key={of} data-nearly={(share !== null && share >= NEARLY) || undefined}>
            <dt>{title}</dt>
            <dd>
              {of === "tokens" && isEstimated ? "about " : ""}
              <strong>{words(value)}</strong>
              {most !== null && <span className="muted"> of {words(most)}</span>}
              {share !== null && <progress max={1} value={Math.min(1, share)} aria-label={`${title}: share of the budget`} />}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
