/** What happened, said for a while at the edge of the page. */

import type { ReactNode } from "react";
import { create } from "zustand";
import { Icon } from "../ui/Icon";

export type Tone = "plain" | "good" | "warn" | "bad";

interface Toast {
  id: number;
  text: string;
  tone: Tone;
}

const STAYS_MS = 8000;
let number = 0;

const useToasts = create<{ toasts: readonly Toast[] }>(() => ({ toasts: [] }));

function dismiss(id: number): void {
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((toast) => toast.id !== id) }));
}

/** Says something for some seconds. */
export function tell(text: string, tone: Tone = "plain"): void {
  const id = ++number;
  useToasts.setState(({ toasts }) => ({ toasts: [...toasts.filter((toast) => toast.text !== text), { id, text, tone }].slice(-4) }));
  setTimeout(() => dismiss(id), STAYS_MS);
}

const ICONS = { plain: "info", good: "check", warn: "alert", bad: "cross" } as const;

export function Toasts(): ReactNode {
  const toasts = useToasts((state) => state.toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map(({ id, text, tone }) => (
        <div key={id} className="toast" data-tone={tone}>
          <Icon name={ICONS[tone]} />
          <span>{text}</span>
          <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => dismiss(id)}>
            <Icon name="cross" />
          </button>
        </div>
      ))}
    </div>
  );
}
