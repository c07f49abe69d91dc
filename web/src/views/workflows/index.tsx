/** Workflows: what there is to open, or the one that is open in the editor. */

import { useEffect, type ReactNode } from "react";
import { May } from "../../identity/may";
import { useCommands } from "../../shell/commands";
import type { ViewProps } from "../../shell/registry";
import { Link, navigate, ROOT, useSearch } from "../../shell/router";
import { Icon } from "../../ui/Icon";
import { chooseFile, importFile } from "./editor/actions";
import { Choices } from "./editor/choices";
import { Drafts } from "./editor/Drafts";
import { EditorPage } from "./editor/Page";
import { Gallery } from "./runtime";
import "./workflows.css";

const NEW = `${ROOT}/workflows/new`;

export default function WorkflowsView({ rest }: ViewProps): ReactNode {
  const draft = useSearch().get("draft");
  const id = rest[0];
  if (id === undefined || id === "") return <Overview />;
  return id === "new" ? <EditorPage id={null} draft={draft} /> : <EditorPage id={decoded(id)} draft={null} />;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function Overview(): ReactNode {
  useCommands(
    [
      { id: "wf-new", title: "Draw a new workflow", group: "Workflows", keys: "n", scope: "workflows:write", run: () => navigate(NEW) },
      { id: "wf-import", title: "Import a workflow from a file", group: "Workflows", words: "upload json open", scope: "workflows:write", run: chooseFile },
    ],
    "workflows overview",
  );
  useEffect(() => {
    const over = (event: DragEvent): void => event.preventDefault();
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      const [file] = event.dataTransfer?.files ?? [];
      if (file) void importFile(file);
    };
    document.addEventListener("dragover", over);
    document.addEventListener("drop", drop);
    return () => {
      document.removeEventListener("dragover", over);
      document.removeEventListener("drop", drop);
    };
  }, []);
  return (
    <div className="wf-overview">
      <header className="wf-overview-head">
        <h1>Workflows</h1>
        <p>Graphs of nodes that run once, or live while you edit them.</p>
        <div className="wf-overview-actions">
          <May scope="workflows:write">
            <button type="button" className="button" onClick={chooseFile} title="Import a workflow from a file, or drop one here">
              <Icon name="upload" />
              Import
            </button>
            <Link className="button primary" to={NEW} title="Draw a new workflow (n)">
              <Icon name="plus" />
              New workflow
            </Link>
          </May>
        </div>
      </header>
      <Gallery>
        <Drafts />
      </Gallery>
      <Choices />
    </div>
  );
}
