/** What a question is about: where it comes from, and the values that led to it. */

import type { ReactNode } from "react";
import type { RequestContext } from "@callboard/client";
import { Link } from "../shell/router";
import { Value } from "../ui/Value";
import { sourceOf } from "./words";

export function Context({ context, labels = {} }: { context: RequestContext | null; labels?: Readonly<Record<string, string>> }): ReactNode {
  const { places } = sourceOf({ context: context ?? undefined, labels });
  const details = context?.details;
  const hasDetails = details !== undefined && Object.keys(details).length > 0;
  if (places.length === 0 && !hasDetails) return null;
  return (
    <div className="question-context">
      {places.length > 0 && (
        <ul className="question-places">
          {places.map(({ what, title, to }) => (
            <li key={what}>
              {what} {to ? <Link to={to}>{title}</Link> : <strong>{title}</strong>}
            </li>
          ))}
        </ul>
      )}
      {hasDetails && <Value value={details} />}
    </div>
  );
}
