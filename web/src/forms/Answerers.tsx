/** Who may answer a question beside its owner, who has, and who is missing. */

import type { ReactNode } from "react";
import type { OpenRequest } from "@callboard/client";
import { Icon } from "../ui/Icon";
import { peopleWords } from "./words";

export function Answerers({ request }: { request: OpenRequest }): ReactNode {
  const { assignees = [], required_answers: required, allow_own: allowOwn = true } = request.answerers;
  const { given } = request;
  if (assignees.length === 0 && required === undefined && allowOwn) return null;
  const missing = required === undefined ? 0 : Math.max(required - given.length, 0);
  return (
    <ul className="question-people" aria-label="Who may answer">
      {(assignees.length > 0 || !allowOwn) && (
        <li>
          <Icon name="people" />
          {peopleWords(assignees, allowOwn)}
        </li>
      )}
      {required !== undefined && (
        <li>
          <Icon name="check" />
          {given.length} of {required} said yes{given.length > 0 && `: ${given.map(({ by }) => by).join(", ")}`}. {missing} more needed; one no decides.
        </li>
      )}
    </ul>
  );
}
