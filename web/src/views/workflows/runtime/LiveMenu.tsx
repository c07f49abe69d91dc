/** How a workflow runs live: asked before it is started. */

import { useEffect, useId, useRef, type FormEvent, type ReactNode } from "react";
import { Icon } from "../../../ui/Icon";
import { readOptions, useLiveForm } from "./live";

export function LiveMenu({ onClose, onStart }: { onClose: () => void; onStart: () => void }): ReactNode {
  const form = useLiveForm();
  const box = useRef<HTMLFormElement>(null);
  const id = useId();
  const read = readOptions(form);
  const wrong = "wrong" in read ? read.wrong : {};
  useEffect(() => box.current?.querySelector("input")?.focus(), []);
  useEffect(() => {
    const leave = (event: PointerEvent): void => {
      if (event.target instanceof Node && !box.current?.parentElement?.contains(event.target)) onClose();
    };
    document.addEventListener("pointerdown", leave);
    return () => document.removeEventListener("pointerdown", leave);
  }, [onClose]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if ("options" in read) onStart();
  };
  return (
    <form ref={box} className="run-menu card" role="dialog" aria-label="Live settings" onSubmit={submit} onKeyDown={(event) => event.key === "Escape" && onClose()} noValidate>
      <div className="field" data-wrong={wrong.interval ? true : undefined}>
        <label htmlFor={`${id}-ms`}>
          Interval in milliseconds<span className="optional"> optional</span>
        </label>
        <input id={`${id}-ms`} type="text" inputMode="numeric" placeholder="100" value={form.interval} aria-invalid={wrong.interval ? true : undefined} aria-describedby={`${id}-ms-hint`} onChange={(event) => useLiveForm.setState({ interval: event.target.value })} />
        <p className={wrong.interval ? "field-error" : "hint"} id={`${id}-ms-hint`}>
          {wrong.interval ?? "How often clocks and other self-running nodes run. Changed inputs take effect immediately."}
        </p>
      </div>
      <div className="field" data-wrong={wrong.most ? true : undefined}>
        <label htmlFor={`${id}-most`}>
          Stop after this many iterations<span className="optional"> optional</span>
        </label>
        <input id={`${id}-most`} type="text" inputMode="numeric" value={form.most} aria-invalid={wrong.most ? true : undefined} aria-describedby={`${id}-most-hint`} onChange={(event) => useLiveForm.setState({ most: event.target.value })} />
        <p className={wrong.most ? "field-error" : "hint"} id={`${id}-most-hint`}>
          {wrong.most ?? "Leave empty to run until somebody stops it."}
        </p>
      </div>
      <div className="tick">
        <input id={`${id}-back`} type="checkbox" checked={form.comesBack} onChange={(event) => useLiveForm.setState({ comesBack: event.target.checked })} />
        <label htmlFor={`${id}-back`}>Start again after a server restart, with the last inputs</label>
      </div>
      <div className="run-menu-actions">
        <button type="submit" className="button primary" disabled={"wrong" in read}>
          <Icon name="retry" />
          Go live
        </button>
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
    </form>
  );
}
