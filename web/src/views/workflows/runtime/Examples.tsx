/** The examples that come with the server. */

import { useEffect, useState, type ReactNode } from "react";
import { CallboardError, type StoredWorkflow } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { Icon } from "../../../ui/Icon";
import { useEditor } from "../editor";
import { useCatalogue } from "../editor/catalogue";
import { classOf } from "../editor/pure/fit";
import type { Workflow } from "../model";
import { openAndRun } from "./actions";
import { copyOf } from "./copies";
import { Sketch } from "./Sketch";

type Example = Workflow & Pick<StoredWorkflow, "id"> & { description?: string };

export function Examples(): ReactNode {
  const client = useCallboard();
  const [examples, setExamples] = useState<readonly Example[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const gone = new AbortController();
    setError(null);
    client.workflows.examples(gone.signal).then(
      (found) => setExamples(found as Example[]),
      (failed: unknown) => gone.signal.aborted || setError(failed instanceof CallboardError ? failed.message : String(failed)),
    );
    return () => gone.abort();
  }, [client, turn]);
  const { catalogue } = useEditor();
  useCatalogue();
  const isVolatile = ({ nodes }: Example): boolean => nodes.some(({ type }) => classOf(catalogue, type)?.volatile === true);
  return (
    <section aria-labelledby="gallery-examples">
      <h2 id="gallery-examples">Examples</h2>
      {error !== null && (
        <p className="notice" data-tone="bad" role="alert">
          <Icon name="alert" />
          <span className="grow">The examples could not be loaded. {error}</span>
          <button type="button" className="button small" onClick={() => setTurn(turn + 1)}>
            Try again
          </button>
        </p>
      )}
      {examples === null && error === null && <p className="muted">Loading the examples…</p>}
      <ul className="gallery-examples">
        {examples?.map((example) => (
          <li key={example.name} className="card gallery-example">
            <Sketch workflow={example} />
            <div className="gallery-example-text">
              <h3>{example.name}</h3>
              <p>{example.description}</p>
            </div>
            <div className="gallery-example-actions">
              <button type="button" className="button small" onClick={() => useEditor.getState().open(copyOf(example))}>
                Open
              </button>
              <button type="button" className="button small primary" onClick={() => openAndRun(copyOf(example), isVolatile(example))}>
                <Icon name={isVolatile(example) ? "retry" : "play"} />
                {isVolatile(example) ? "Open and go live" : "Open and run"}
              </button>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
