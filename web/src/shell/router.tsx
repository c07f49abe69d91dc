/** Addresses: the browser's history, and nothing more. */

import { useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent, type ReactNode } from "react";

/** Where every view's address begins; the server gives the page for all of them. */
export const ROOT = "/app";

const changed = new EventTarget();

function subscribe(listener: () => void): () => void {
  window.addEventListener("popstate", listener);
  changed.addEventListener("change", listener);
  return () => {
    window.removeEventListener("popstate", listener);
    changed.removeEventListener("change", listener);
  };
}

/** Goes to an address of this page. */
export function navigate(to: string, { replace = false }: { replace?: boolean } = {}): void {
  if (to === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", to);
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
