/** How wide the page is, as the inbox lays itself out by it. */

import { useSyncExternalStore } from "react";

function useMedia(query: string): boolean {
  const subscribe = (listener: () => void): (() => void) => {
    const media = matchMedia(query);
    media.addEventListener("change", listener);
    return () => media.removeEventListener("change", listener);
  };
  return useSyncExternalStore(subscribe, () => matchMedia(query).matches);
}

/** Whether the page is as narrow as a phone. */
export function useNarrow(): boolean {
  return useMedia("(max-width: 760px)");
}

/** Whether an open question takes the place of the list. */
export function useAlone(): boolean {
  return useMedia("(max-width: 1000px)");
}
