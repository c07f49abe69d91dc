/** What was drawn in this browser and never saved: so that it is found again. */

import { useState, type ReactNode } from "react";
import { Link, ROOT } from "../../../shell/router";
import { Icon } from "../../../ui/Icon";
import { ago } from "../../../ui/time";
import { dropDraft, newDrafts } from "./drafts";

export function Drafts(): ReactNode {
  const [drafts, setDrafts] = useState(newDrafts);
  if (drafts.length === 0) return null;
  const discard = (key: string): void => {
    dropDraft(key);
    setDrafts(newDrafts());
  };
  return (
    <section className="wf-drafts" aria-labelledby="wf-drafts">
      <h2 id="wf-drafts">Not saved yet, in this browser</h2>
      <ul>
        {drafts.map(({ key, draft: { workflow, at } }) => (
          <li key={key} className="card">
            <Link to={`${ROOT}/workflows/new?draft=${key}`}>
              <strong>{workflow.name}</strong>
              <span className="muted">
                {workflow.nodes.length} {workflow.nodes.length === 1 ? "node" : "nodes"} · {ago(Date.now() / 1000 - at)}
              </span>
            </Link>
            <button type="button" className="icon-button" aria-label={`Discard the draft ${workflow.name}`} title="Discard" onClick={() => discard(key)}>
              <Icon name="trash" />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
