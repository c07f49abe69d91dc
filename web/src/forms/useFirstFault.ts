/** What was refused in a form comes into sight: the first wrong field has the focus, else what is said of the whole is shown. */

import { useCallback, useEffect, useState, type RefObject } from "react";

export function showFirstFault(form: HTMLElement | null): void {
  const wrong = form?.querySelector<HTMLElement>('[aria-invalid="true"], [data-wrong] :is(input, textarea, select)');
  if (wrong) wrong.focus();
  else form?.querySelector('[role="alert"]')?.scrollIntoView({ block: "nearest" });
}

/** Gives what to call once a form was refused: what is wrong is looked for when it is on the page. */
export function useFirstFault(form: RefObject<HTMLElement | null>): () => void {
  const [times, setTimes] = useState(0);
  useEffect(() => {
    if (times > 0) showFirstFault(form.current);
  }, [form, times]);
  return useCallback(() => setTimes((before) => before + 1), []);
}
