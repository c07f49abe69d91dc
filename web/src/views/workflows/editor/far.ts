/** From how far the canvas is seen: below some zoom a node shows only what can be read from there. */

import { useEffect } from "react";
import { useStore, type ReactFlowState } from "@xyflow/react";

/** Below that a node shows its title, its state and its main value in large letters. */
const FAR = 0.6;
/** The zoom in steps, so that the letters change their size now and then and not in every frame. */
const STEPS = [0.5, 0.42, 0.35, 0.29, 0.24, 0.2, 0.16, 0.12, 0.08] as const;

export function isFar({ transform: [, , zoom] }: ReactFlowState): boolean {
  return zoom < FAR;
}

function stepOf({ transform: [, , zoom] }: ReactFlowState): number {
  return zoom >= FAR ? 1 : (STEPS.find((step) => zoom >= step) ?? STEPS[STEPS.length - 1] ?? 1);
}

/** Keeps the style sheet informed of how large letters must be. */
export function useFar(): void {
  const zoom = useStore(stepOf);
  useEffect(() => {
    const ground = document.querySelector<HTMLElement>(".wf-flow");
    ground?.style.setProperty("--wf-zoom", String(zoom));
    ground?.toggleAttribute("data-far", zoom < 1);
  }, [zoom]);
}
