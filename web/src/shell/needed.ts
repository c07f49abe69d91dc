/** Says outside of the inbox that people are needed: on the rail, in the title, on the icon, by a notification. */

import { useEffect, useRef, useSyncExternalStore } from "react";
import type { ListedRequest } from "@callboard/client";
import { useCallboard } from "@callboard/client/react";
import { useLinks } from "./link";
import { notify } from "./notifications";
import { navigate, ROOT } from "./router";
import { setOpenQuestions } from "./title";
import { askedWords, titleOf } from "../forms/words";

/** How many questions are open; keeps the inbox connected while the component is there, for whoever may see them. */
export function useOpenQuestions(isAllowed: boolean): number {
  const { inbox: store } = useCallboard();
  useEffect(() => (isAllowed ? store.open() : undefined), [store, isAllowed]);
  const open = useSyncExternalStore(store.subscribe, () => store.getState().requests.length);
  const known = useRef<ReadonlySet<string> | null>(null);
  useEffect(() => {
    setOpenQuestions(open);
    setIcon(open > 0);
  }, [open]);
  useEffect(() => {
    const hear = (): void => {
      const { requests, isComplete, connection } = store.getState();
      const { phase, roundTrip, until, reason, code } = connection;
      if (isAllowed) useLinks.setState({ inbox: { phase, roundTrip, until, reason, code, retry: store.reconnect } });
      if (!isComplete) return;
      if (known.current) announce(requests.filter(({ request_id }) => !known.current?.has(request_id)));
      known.current = new Set(requests.map(({ request_id }) => request_id));
    };
    hear();
    return store.subscribe(hear);
  }, [store, isAllowed]);
  return open;
}

function announce(fresh: readonly ListedRequest[]): void {
  const [first] = fresh;
  if (!first || !document.hidden) return;
  const to = fresh.length === 1 ? `${ROOT}/inbox/${encodeURIComponent(first.request_id)}` : `${ROOT}/inbox`;
  notify(fresh.length === 1 ? titleOf(first) : `${fresh.length} new questions`, askedWords(first), () => navigate(to));
}

/** A dot on the icon of the browser's tab. */
function setIcon(hasDot: boolean): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (!link) return;
  link.dataset.plain ??= link.getAttribute("href") ?? "";
  const { plain = "" } = link.dataset;
  const href = hasDot ? plain.replace(/favicon\.svg/, "favicon-dot.svg") : plain;
  if (link.getAttribute("href") !== href) link.setAttribute("href", href);
}
