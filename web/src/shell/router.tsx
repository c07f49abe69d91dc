/** Addresses: the browser's history, and nothing more. */

import { useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent, type ReactNode } from "react";

/** Where every view's address begins; the server gives the page for all of them. */
export const ROOT = "/app";

const changed = new EventTarget();

/** Hears where the page is to go; gives whether it may. Who says no may call `go` later. */
export type Gate = (to: string, go: () => void) => boolean;

let gate: Gate | null = null;

/** Lets something be asked before the page goes elsewhere; gives what ends that. */
export function guard(by: Gate): () => void {
  gate = by;
  return () => {
    if (gate === by) gate = null;
  };
}

/** Where the page was before the browser's back or forward. */
let shown = here();

function here(): string {
  return typeof location === "undefined" ? "" : location.pathname + location.search;
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("popstate", hear);
  changed.addEventListener("change", listener);
  return () => changed.removeEventListener("change", listener);
}

/** Back and forward have happened when they are heard of: a gate that says no brings the page back to where it was. */
function hear(): void {
  const to = here();
  const before = shown;
  if (to !== before && gate && !gate(to, () => navigate(to, { anyway: true }))) {
    history.pushState(null, "", before);
    return;
  }
  shown = to;
  changed.dispatchEvent(new Event("change"));
}

/** Goes to an address of this page. */
export function navigate(to: string, { replace = false, anyway = false }: { replace?: boolean; anyway?: boolean } = {}): void {
  if (to === here()) return;
  if (!anyway && gate && !gate(to, () => navigate(to, { replace, anyway: true }))) return;
  history[replace ? "replaceState" : "pushState"](null, "", to);
  shown = here();
  changed.dispatchEvent(new Event("change"));
}

/** The path, without a slash at its end. */
export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname.replace(/\/+$/, ""));
}

/** The query. */
export function useSearch(): URLSearchParams {
  return new URLSearchParams(useSyncExternalStore(subscribe, () => location.search));
}

/** A link within the page; opens elsewhere when the reader says so. */
export function Link({ to, children, onClick, ...rest }: { to: string; children: ReactNode } & AnchorHTMLAttributes<HTMLAnchorElement>): ReactNode {
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return (
    <a href={to} onClick={follow} {...rest}>
      {children}
    </a>
  );
}
