/** Takes what an audit has found elsewhere: for people, for a spreadsheet, for code scanners, for programs. */

import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { CallboardError, type ReportFormat } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { tell } from "../../../shell/toasts";
import { saveText } from "../../../ui/clipboard";
import { Icon } from "../../../ui/Icon";

const FORMATS: readonly { id: ReportFormat; title: string; about: string; ending: string }[] = [
  { id: "markdown", title: "Markdown", about: "to read", ending: "md" },
  { id: "csv", title: "CSV", about: "for a spreadsheet", ending: "csv" },
  { id: "sarif", title: "SARIF", about: "for code scanning", ending: "sarif" },
  { id: "json", title: "JSON", about: "for programs", ending: "json" },
];

export function Export({ id, name, isOver }: { id: string; name: string; isOver: boolean }): ReactNode {
  const client = useCallboard();
  const [isOpen, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isOpen) return undefined;
    box.current?.querySelector<HTMLElement>(".export-menu button")?.focus();
    const leave = (event: PointerEvent): void => void (box.current?.contains(event.target as Node) || setOpen(false));
    document.addEventListener("pointerdown", leave);
    return () => document.removeEventListener("pointerdown", leave);
  }, [isOpen]);
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !isOpen) return;
    event.stopPropagation();
    setOpen(false);
    box.current?.querySelector("button")?.focus();
  };
  /** A browser shows nothing but a cookie for a link: the report is asked for as everything else is, and saved. */
  const save = async (format: ReportFormat, file: string): Promise<void> => {
    setOpen(false);
    try {
      saveText(await client.agents.report(id, format), file, "application/octet-stream");
    } catch (error) {
      tell(error instanceof CallboardError ? error.message : String(error), "bad");
    }
  };
  return (
    <div className="export" ref={box} onKeyDown={onKey} onBlur={(event) => void (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget) && setOpen(false))}>
      <button type="button" className="button" aria-expanded={isOpen} aria-controls="audit-export" onClick={() => setOpen(!isOpen)}>
        <Icon name="download" />
        Export
      </button>
      {isOpen && (
        <ul className="card export-menu" id="audit-export">
          {FORMATS.map(({ id: format, title, about, ending }) => (
            <li key={format}>
              <button type="button" onClick={() => void save(format, `${name.replace(/\.[^.]*$/, "")}-audit.${ending}`)}>
                <strong>{title}</strong> <span className="muted">{about}</span>
              </button>
            </li>
          ))}
          {!isOver && <li className="muted export-note">What was found so far.</li>}
        </ul>
      )}
    </div>
  );
}
