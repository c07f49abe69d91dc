/** The library: every class of node by category, to be dragged onto the canvas or put there with a click. */

import { memo, useMemo, useState, type ReactNode } from "react";
import { Icon } from "../../../ui/Icon";
import type { NodeClass } from "../model";
import { CLASS_DATA, insert, nextPlace } from "./actions";
import { useMiddle } from "./Canvas";
import { coversCanvas, toggleLibrary, useOverlay } from "./overlay";
import { PortMark } from "./PortMark";
import { byCategory, findClasses, spaced } from "./pure/find";
import { useEditor } from "./store";

export function Library(): ReactNode {
  const isOpen = useOverlay((state) => state.isLibraryOpen);
  const catalogue = useEditor((state) => state.catalogue);
  const [query, setQuery] = useState("");
  const found = useMemo(() => findClasses(catalogue, query), [catalogue, query]);
  const middle = useMiddle();
  if (!isOpen) return null;
  const add = (nodeClass: NodeClass): void => {
    insert(nodeClass, nextPlace(middle()));
    if (coversCanvas()) toggleLibrary();
  };
  return (
    <aside className="wf-library" aria-label="Nodes to add">
      <div className="wf-library-head">
        <div className="search-box">
          <Icon name="search" />
          <input
            type="search"
            id="wf-search"
            aria-label="Search nodes"
            placeholder="Search nodes"
            autoComplete="off"
            spellCheck={false}
            value={query}
            onChange={(event) => setQuery(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && found[0]) add(found[0]);
              if (event.key === "Escape" && query !== "") setQuery("");
            }}
          />
        </div>
        <button type="button" className="icon-button wf-library-close" aria-label="Close the library" onClick={toggleLibrary}>
          <Icon name="cross" />
        </button>
      </div>
      <div className="wf-library-list">
        {query.trim() === "" ? (
          byCategory(found).map(([category, classes]) => (
            <details key={category} open>
              <summary>
                <span>{category}</span>
                <span className="muted">{classes.length}</span>
              </summary>
              <Classes classes={classes} onAdd={add} />
            </details>
          ))
        ) : (
          <Classes classes={found} onAdd={add} />
        )}
        {catalogue && found.length === 0 && <p className="wf-library-none">No matching nodes. Try another word, such as "text" or "http".</p>}
      </div>
    </aside>
  );
}

function Classes({ classes, onAdd }: { classes: readonly NodeClass[]; onAdd: (nodeClass: NodeClass) => void }): ReactNode {
  return (
    <ul>
      {classes.map((one) => (
        <ClassItem key={one.type} nodeClass={one} onAdd={onAdd} />
      ))}
    </ul>
  );
}

const ClassItem = memo(
  function ClassItem({ nodeClass, onAdd }: { nodeClass: NodeClass; onAdd: (nodeClass: NodeClass) => void }): ReactNode {
    const [output] = nodeClass.outputs;
    return (
      <li>
        <button
          type="button"
          className="wf-class"
          draggable
          title={nodeClass.description}
          onDragStart={(event) => {
            event.dataTransfer.setData(CLASS_DATA, nodeClass.type);
            event.dataTransfer.effectAllowed = "copy";
          }}
          onClick={() => onAdd(nodeClass)}
        >
          {output ? <PortMark type={output.type} /> : <span className="wf-port wf-no-port" aria-hidden="true" />}
          <span className="wf-class-text">
            <strong>{spaced(nodeClass.type)}</strong>
            <small>{nodeClass.description}</small>
          </span>
          {nodeClass.waits && (
            <span className="wf-class-waits" title="Waits for a person, a time or a response">
              <Icon name="clock" />
            </span>
          )}
        </button>
      </li>
    );
  },
  (one, other) => one.nodeClass === other.nodeClass,
);
