/** A finding: how bad it is, what is wrong, and once it is chosen, what is expected, what stands there and what proves it. */

import { memo, useEffect, useRef, type ReactNode } from "react";
import { Icon, type IconName } from "../../../ui/Icon";
import { kindWords } from "../../../ui/names";
import type { Found } from "../runs/board";
import { placeWords, type MediaType } from "./place";

export const SEVERITY: Record<Found["severity"], { words: string; plural: string; icon: IconName }> = {
  error: { words: "Error", plural: "Errors", icon: "cross" },
  warning: { words: "Warning", plural: "Warnings", icon: "alert" },
  info: { words: "Note", plural: "Notes", icon: "info" },
};

interface Props {
  finding: Found;
  mediaType: MediaType;
  isChosen: boolean;
  /** Whether the row is to come into sight when it is chosen. */
  onChoose: (finding: Found) => void;
}

export const FindingRow = memo(function FindingRow({ finding, mediaType, isChosen, onChoose }: Props): ReactNode {
  const { severity, message, rule, location, agentId, expected, actual, evidence, proof } = finding;
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isChosen) row.current?.scrollIntoView({ block: "nearest" });
  }, [isChosen]);
  const { words, icon } = SEVERITY[severity];
  return (
    <li className="finding" ref={row} data-severity={severity} data-chosen={isChosen || undefined} data-finding={finding.seq}>
      <button type="button" className="finding-head" aria-expanded={isChosen} onClick={() => onChoose(finding)}>
        <span className="finding-severity">
          <Icon name={icon} />
          <span className="visually-hidden">{words}:</span>
        </span>
        <span className="finding-message">{capital(message)}</span>
        <span className="finding-place">{placeWords(location, mediaType)}</span>
      </button>
      {isChosen && (
        <div className="finding-more">
          {(expected !== undefined || actual !== undefined) && (
            <dl className="finding-values">
              <div>
                <dt>Expected</dt>
                <dd>{expected ?? "–"}</dd>
              </div>
              <div>
                <dt>Actual</dt>
                <dd>{actual ?? "–"}</dd>
              </div>
            </dl>
          )}
          {evidence && <blockquote>{evidence}</blockquote>}
          {proof && (
            <p className="finding-proof">
              <strong>Why:</strong> {proof}
            </p>
          )}
          <p className="muted">
            {kindWords(agentId)} · <code>{rule}</code>
          </p>
        </div>
      )}
    </li>
  );
});

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
