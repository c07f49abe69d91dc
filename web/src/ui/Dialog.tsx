/** A dialog over the page: the browser's own, which keeps the focus within and closes on Escape. It begins at `data-first`. */

import { useEffect, useRef, type ReactNode } from "react";
import { Icon } from "./Icon";

interface Props {
  title: string;
  /** Whether the title is only for those who cannot see the dialog. */
  bare?: boolean;
  className?: string;
  onClose: () => void;
  children: ReactNode;
}

export function Dialog({ title, bare = false, className = "", onClose, children }: Props): ReactNode {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    if (dialog && !dialog.open) dialog.showModal();
    dialog?.querySelector<HTMLElement>("[data-first]")?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      className={`dialog ${className}`}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => event.target === event.currentTarget && onClose()}
    >
      <div className="dialog-body">
        {!bare && (
          <header>
            <h2>{title}</h2>
            <button type="button" className="icon-button" aria-label="Close" onClick={onClose}>
              <Icon name="cross" />
            </button>
          </header>
        )}
        {children}
      </div>
    </dialog>
  );
}
