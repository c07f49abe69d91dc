/** Whether something has been in sight long enough to be meant. */

import { useEffect, useState } from "react";

/** A double click takes up to half a second by most systems' settings; its second click comes sooner than that by most hands. */
const SETTLES_AFTER_MS = 400;

/** False until what uses it has been there for a moment. */
export function useSettled(): boolean {
  const [isSettled, setSettled] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(true), SETTLES_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return isSettled;
}
