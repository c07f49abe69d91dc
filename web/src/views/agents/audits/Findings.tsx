/** What the agents of an audit have found: the worst first, narrowed by severity. */

import { useState, type ReactNode } from "react";
import { SEVERITIES, type Severity } from "@callboard/client";
import { Icon } from "../../../ui/Icon";
import { count } from "../../../ui/time";
import type { Found } from "../runs/board";
import { FindingRow, SEVERITY } from "./FindingRow";
import type { MediaType } from "./place";

/** So many are on the page at first. */
const FIRST = 200;

interface Props {
  /** Those of the chosen agent, or of all, in order. */
  findings: readonly Found[];
  chosen: Found | null;
  mediaType: MediaType;
  hidden: ReadonlySet<Severity>;
  onHide: (severity: Severity) => void;
  isOver: boolean;
  onChoose: (finding: Found) => void;
}

export function Findings({ findings, chosen, mediaType, hidden, onHide, isOver, onChoose }: Props): ReactNode {
  const [limit, setLimit] = useState(FIRST);
  const shown = findings.filter(({ severity }) => !hidden.has(severity));
  const place = chosen ? shown.indexOf(chosen) : -1;
  const end = Math.max(limit, place + 1);
  return (
    <section className="card findings" aria-label="Findings">
      <header>
        <h2>Findings</h2>
        <div className="findings-filter" role="group" aria-label="Severities">
          {SEVERITIES.map((severity) => {
            const number = findings.filter((finding) => finding.severity === severity).length;
            const { plural, words, icon } = SEVERITY[severity];
            return (
              <button key={severity} type="button" className="chip" data-severity={severity} aria-pressed={!hidden.has(severity)} onClick={() => onHide(severity)}>
                <Icon name={icon} />
                {count(number)} {(number === 1 ? words : plural).toLowerCase()}
              </button>
            );
          })}
        </div>
      </header>
      {shown.length === 0 && <p className="muted findings-none">{none(findings.length, isOver)}</p>}
      <ol className="findings-list" aria-live="off">
        {shown.slice(0, end).map((finding) => (
          <FindingRow key={finding.seq} finding={finding} mediaType={mediaType} isChosen={finding === chosen} onChoose={onChoose} />
        ))}
      </ol>
      {shown.length > end && (
        <button type="button" className="button more" onClick={() => setLimit(end + FIRST)}>
          Show {count(Math.min(FIRST, shown.length - end))} more
        </button>
      )}
    </section>
  );
}

function none(number: number, isOver: boolean): string {
  if (number > 0) return "All findings are of severities that are hidden.";
  return isOver ? "Nothing was found." : "Nothing found yet.";
}

/** The worst first; of one severity, in the order of the document. */
export function byWeight(one: Found, other: Found): number {
  const weight = (found: Found): number => SEVERITIES.indexOf(found.severity);
  return (
    weight(one) - weight(other) || (one.location.page ?? 0) - (other.location.page ?? 0) || one.location.line - other.location.line || one.seq - other.seq
  );
}
