/** What lies over the canvas: inserting by name, linking and finding by keyboard, the legend, the own name. */

import { useState, type ReactNode } from "react";
import { Keys } from "../../../shell/Help";
import { fit } from "../../../shell/Palette";
import { Dialog } from "../../../ui/Dialog";
import { author, rename } from "./author";
import { connect, insert, onlyNode, wantedAt, type Origin } from "./actions";
import { Menu } from "./Menu";
import { hide, useOverlay } from "./overlay";
import { Picker, type Item } from "./Picker";
import { PortMark, TYPES } from "./PortMark";
import { classOf, portsOf, refusal } from "./pure/fit";
import { findClasses, spaced } from "./pure/find";
import { titleOf, type Point } from "./pure/graph";
import { useEditor } from "./store";
import type { GraphNode } from "../model";

export function Overlays(): ReactNode {
  const overlay = useOverlay((state) => state.overlay);
  if (!overlay) return null;
  switch (overlay.kind) {
    case "insert":
      return <QuickInsert at={overlay.at} origin={overlay.origin} />;
    case "menu":
      return <Menu key={`${overlay.at.x} ${overlay.at.y}`} label={overlay.label} items={overlay.items} at={overlay.at} onClose={hide} />;
    case "connect":
      return <Connect />;
    case "find":
      return <Find />;
    case "legend":
      return <Legend />;
    case "author":
      return <Name />;
  }
}

const MOST_ITEMS = 60;

function QuickInsert({ at, origin }: { at: Point; origin: Origin }): ReactNode {
  const catalogue = useEditor((state) => state.catalogue);
  const wanted = wantedAt(origin);
  const find = (query: string): Item[] =>
    findClasses(catalogue, query, wanted)
      .slice(0, MOST_ITEMS)
      .map((one) => ({ id: one.type, group: one.category, title: spaced(one.type), about: one.description, mark: <PortMark type={one.outputs[0]?.type ?? "json"} /> }));
  const lead =
    origin.kind === "free" ? null : (
      <>
        {wanted.takes && (
          <span>
            takes <PortMark type={wanted.takes} /> {wanted.takes}
          </span>
        )}
        {wanted.gives && (
          <span>
            gives <PortMark type={wanted.gives} /> {wanted.gives}
          </span>
        )}
      </>
    );
  return (
    <Picker
      title={origin.kind === "free" ? "Insert a node" : "Insert a node and connect it"}
      lead={lead}
      placeholder={origin.kind === "free" ? "Insert a node" : "Insert a matching node"}
      find={find}
      none={catalogue ? "No matching nodes. Try fewer letters." : "The list of nodes is still loading."}
      onPick={({ id }) => {
        const nodeClass = classOf(catalogue, id);
        hide();
        if (nodeClass) insert(nodeClass, at, origin);
      }}
      onClose={hide}
    />
  );
}

interface From {
  node: string;
  output: string;
}

/** Links two ports without a pointer: first the output, then the input. The chosen node's outputs come first. */
function Connect(): ReactNode {
  const { workflow, catalogue } = useEditor.getState();
  const [from, setFrom] = useState<From | null>(null);
  const first = onlyNode();
  const nodes = [...workflow.nodes].sort((one, other) => Number(other.id === first) - Number(one.id === first));
  const ports = (node: GraphNode) => portsOf(node, classOf(catalogue, node.type), workflow.edges);
  if (!from) {
    const outputs = nodes.flatMap((node) => ports(node).outputs.map(({ name, type }): Item => ({ id: JSON.stringify([node.id, name]), group: type, title: `${titleOf(node)} · ${name}`, about: node.id, mark: <PortMark type={type} /> })));
    return (
      <Picker
        key="from"
        title="Connect: choose an output"
        lead="Step 1 of 2: choose an output"
        placeholder="Search outputs"
        find={(query) => matching(outputs, query)}
        none={outputs.length === 0 ? "No node has an output yet. Insert one first." : "No matching outputs."}
        onPick={({ id }) => {
          const [node, output] = JSON.parse(id) as [string, string];
          setFrom({ node, output });
        }}
        onClose={hide}
      />
    );
  }
  const source = workflow.nodes.find(({ id }) => id === from.node);
  const edgeTo = (target: string, target_input: string) => ({ source: from.node, source_output: from.output, target, target_input });
  const inputs = nodes
    .filter(({ id }) => id !== from.node)
    .flatMap((node) =>
      ports(node).inputs.map(({ name, type }): Item => {
        const isLinked = workflow.edges.some(({ target, target_input }) => target === node.id && target_input === name);
        return {
          id: JSON.stringify([node.id, name]), group: type, title: `${titleOf(node)} · ${name}`, about: isLinked ? "connected: the new link replaces it" : node.id, mark: <PortMark type={type} />,
          refused: refusal(workflow, catalogue, edgeTo(node.id, name))?.reason,
        };
      }),
    )
    .sort((one, other) => Number(one.refused !== undefined) - Number(other.refused !== undefined));
  return (
    <Picker
      key="to"
      title="Connect: choose an input"
      lead={`Step 2 of 2: choose an input for ${source ? titleOf(source) : from.node} · ${from.output}`}
      placeholder="Search inputs"
      find={(query) => matching(inputs, query)}
      none={inputs.length === 0 ? "No other node has an input. Insert one first." : "No matching inputs."}
      onPick={({ id }) => {
        const [node, input] = JSON.parse(id) as [string, string];
        hide();
        connect(edgeTo(node, input));
      }}
      onClose={hide}
    />
  );
}

function Find(): ReactNode {
  const { workflow, focusNode } = useEditor.getState();
  const items = workflow.nodes.map((node): Item => ({ id: node.id, group: spaced(node.type), title: titleOf(node), about: node.id }));
  return (
    <Picker
      title="Go to a node"
      placeholder="Go to a node"
      find={(query) => matching(items, query)}
      none={items.length === 0 ? "There are no nodes yet." : "No matching nodes."}
      onPick={({ id }) => {
        hide();
        focusNode(id);
      }}
      onClose={hide}
    />
  );
}

function matching(items: readonly Item[], query: string): Item[] {
  return items
    .map((item) => ({ item, rank: fit(query, `${item.title} ${item.about ?? ""}`) }))
    .filter((one): one is { item: Item; rank: number } => one.rank !== null)
    .sort((one, other) => (query ? one.rank - other.rank : 0))
    .slice(0, MOST_ITEMS)
    .map(({ item }) => item);
}

const GESTURES: readonly [string, string][] = [
  ["Drag from an output to an input", "Connects them. A second link into an input replaces the first."],
  ["Drop a link on the empty canvas", "Offers the nodes that fit, and connects the one you choose."],
  ["Drag the end of a link", "Moves it to another port. On the empty canvas it is deleted."],
  ["Double-click the canvas", "Inserts a node there. On a link, inserts it into the link."],
  ["Shift and drag", "Selects everything in a box. Ctrl and a click adds to the selection."],
  ["Right-click", "Opens a menu for a node, a link, the selection or the canvas."],
  ["Drop a .json file", "Opens it as a new workflow."],
];

function Legend(): ReactNode {
  return (
    <Dialog title="Canvas guide" onClose={hide} className="help">
      <div className="help-groups">
        <section>
          <h3>Types of values</h3>
          <dl className="wf-legend">
            {TYPES.map(({ type, about }) => (
              <div key={type}>
                <dt>
                  <PortMark type={type} /> {type}
                </dt>
                <dd>{about}</dd>
              </div>
            ))}
          </dl>
        </section>
        <section>
          <h3>Mouse</h3>
          <dl className="wf-gestures">
            {GESTURES.map(([what, does]) => (
              <div key={what}>
                <dt>{what}</dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
        </section>
        <section>
          <h3>Keyboard</h3>
          <dl>
            {[["Copy, cut and paste nodes, also between tabs", "ctrl+c ctrl+x ctrl+v"], ["Move the selected node", "← ↑ → ↓"], ["Select the focused node", "Enter"], ["Show all shortcuts", "?"]].map(([what, keys]) => (
              <div key={what}>
                <dt>{what}</dt>
                <dd>
                  <Keys keys={keys ?? ""} />
                </dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
    </Dialog>
  );
}

function Name(): ReactNode {
  const [name, setName] = useState(author());
  return (
    <Dialog title="Your name" onClose={hide}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          rename(name);
          hide();
        }}
      >
        <p className="wf-name-lead">Shown to others who have this workflow open, for example when you save it.</p>
        <input type="text" aria-label="Your name" autoFocus maxLength={64} value={name} onChange={(event) => setName(event.target.value)} />
        <div className="actions">
          <button type="submit" className="button primary">
            Save name
          </button>
        </div>
      </form>
    </Dialog>
  );
}
