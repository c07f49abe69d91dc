/** Tabs, with arrow keys between them. */

import { useId, useRef, type KeyboardEvent, type ReactNode } from "react";

interface Tab {
  id: string;
  title: string;
  panel: ReactNode;
}

export function Tabs({ tabs, current, onChange }: { tabs: readonly Tab[]; current: string; onChange: (id: string) => void }): ReactNode {
  const base = useId();
  const list = useRef<HTMLDivElement>(null);
  const open = tabs.find(({ id }) => id === current) ?? tabs[0];
  const onKey = (event: KeyboardEvent): void => {
    const at = tabs.findIndex((tab) => tab === open);
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const next = by === undefined ? undefined : tabs[(at + by + tabs.length) % tabs.length];
    if (!next) return;
    event.preventDefault();
    onChange(next.id);
    list.current?.querySelector<HTMLElement>(`[data-tab="${next.id}"]`)?.focus();
  };
  return (
    <section className="tabs card">
      <div role="tablist" aria-label="Parts of the session" ref={list} onKeyDown={onKey}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`${base}-${tab.id}`}
            data-tab={tab.id}
            aria-selected={tab === open}
            aria-controls={`${base}-panel`}
            tabIndex={tab === open ? 0 : -1}
            onClick={() => onChange(tab.id)}
          >
            {tab.title}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${base}-panel`} aria-labelledby={`${base}-${open?.id}`} className="tab-panel">
        {open?.panel}
      </div>
    </section>
  );
}
