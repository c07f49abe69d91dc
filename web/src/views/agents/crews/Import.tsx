/** Imports a project of CrewAI: a folder that is dropped or chosen. What cannot be run here is named by file and path. */

import { useId, useRef, useState, type DragEvent, type ReactNode } from "react";
import { CallboardError, type Fault, type ImportedCrew } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { Link } from "../../../shell/router";
import { Icon } from "../../../ui/Icon";
import { paths } from "../paths";
import { fromDrop, fromPicker, MOST_FILES, type Folder } from "./folder";

type Result = { folder: string; crew: ImportedCrew } | { folder: string; text: string; faults: readonly Fault[] };

export function Import({ onImported }: { onImported: () => void }): ReactNode {
  const client = useCallboard();
  const base = useId();
  const picker = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [result, setResult] = useState<Result | null>(null);

  const send = async (read: Promise<Folder>): Promise<void> => {
    setBusy(true);
    setResult(null);
    let folder = "";
    try {
      const { name, files } = await read;
      folder = name;
      const fault = faultOf(files.length);
      if (fault) return setResult({ folder, text: fault, faults: [] });
      setResult({ folder, crew: await client.agents.importCrew(files) });
      onImported();
    } catch (error) {
      const refused = error instanceof CallboardError ? error : null;
      setResult({ folder, text: refused?.faults.length ? "Nothing was imported. This cannot be run here:" : (refused?.message ?? String(error)), faults: refused?.faults ?? [] });
    } finally {
      setBusy(false);
    }
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    if (!isBusy) void send(fromDrop(event.dataTransfer));
  };
  return (
    <section className="card import" aria-labelledby={`${base}-title`}>
      <h2 id={`${base}-title`}>Import a CrewAI project</h2>
      <div className="drop" data-over={isOver || undefined} onDragOver={(event) => (event.preventDefault(), setOver(true))} onDragLeave={() => setOver(false)} onDrop={drop}>
        <p>
          <Icon name="upload" />
          {isBusy ? (
            "Importing…"
          ) : (
            <>
              Drop its folder here, or{" "}
              <label className="button small" htmlFor={`${base}-folder`}>
                choose the folder
              </label>
            </>
          )}
        </p>
        <p className="hint" id={`${base}-about`}>
          Its agents.yaml and tasks.yaml, or crew.jsonc and agents/*.jsonc. Nothing of it is run.
        </p>
        <input
          ref={(node) => {
            picker.current = node;
            node?.setAttribute("webkitdirectory", "");
          }}
          id={`${base}-folder`} className="visually-hidden" type="file" multiple disabled={isBusy} aria-describedby={`${base}-about`}
          onChange={({ target }) => {
            if (target.files?.length) void send(Promise.resolve(fromPicker(target.files)));
            target.value = "";
          }}
        />
      </div>
      {result && <Outcome result={result} />}
    </section>
  );
}

function faultOf(number: number): string | null {
  if (number === 0) return "There are no YAML or JSON files in it. A CrewAI project has agents.yaml and tasks.yaml, or crew.jsonc.";
  return number > MOST_FILES ? `It has ${number} files that would be read, and at most ${MOST_FILES} are. Choose the folder of the crew itself.` : null;
}

function Outcome({ result }: { result: Result }): ReactNode {
  if ("crew" in result) {
    const { crew } = result;
    return (
      <div className="import-result" role="status">
        <p className="notice" data-tone="plain">
          <Icon name="check" />
          <span className="grow">
            Imported <Link to={paths.crew(crew.id)}>{crew.name}</Link>: {crew.tasks.length} {crew.tasks.length === 1 ? "task" : "tasks"} for {crew.agents.length} {crew.agents.length === 1 ? "agent" : "agents"}.
          </span>
        </p>
        {crew.warnings.length > 0 && (
          <>
            <p>Different here:</p>
            <Faults faults={crew.warnings} />
          </>
        )}
      </div>
    );
  }
  return (
    <div className="import-result" role="alert">
      <p className="notice" data-tone="bad">
        <Icon name="alert" />
        <span className="grow">
          {result.folder && <strong>{result.folder}: </strong>}
          {result.text}
        </span>
      </p>
      {result.faults.length > 0 && <Faults faults={result.faults} />}
    </div>
  );
}

/** What is wrong, by file. */
function Faults({ faults }: { faults: readonly Fault[] }): ReactNode {
  const files = [...new Set(faults.map(({ loc }) => loc[0] ?? ""))];
  return (
    <dl className="import-faults">
      {files.map((file) => (
        <div key={file}>
          <dt>
            <code>{file}</code>
          </dt>
          {faults.filter(({ loc }) => (loc[0] ?? "") === file).map(({ loc, msg }, place) => (
            <dd key={place}>
              {loc.length > 1 && <code>{loc.slice(1).join(" › ")}</code>} {msg}
            </dd>
          ))}
        </div>
      ))}
    </dl>
  );
}
