/** Which run the canvas shows: it stands in the address, so that a reload and a link show it, too. */

import { navigate } from "../../../../shell/router";
import { canvasPath } from "../../paths";
import { useRuntime } from "../runtime";

/** Shows a run; null follows the latest one, or the live workflow, again. */
export function chooseRun(session: string | null): void {
  const { store } = useRuntime.getState();
  if (!store) return;
  store.choose(session);
  navigate(canvasPath(store.id, { run: session }), { replace: true, anyway: true });
}
