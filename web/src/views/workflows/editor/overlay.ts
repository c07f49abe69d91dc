/** What lies over the canvas: the search for a node to insert, the dialog that links, and the like. */

import { create } from "zustand";
import type { Origin } from "./actions";
import type { MenuItem } from "./Menu";
import type { Point } from "./pure/graph";

export type Overlay =
  | { kind: "insert"; at: Point; origin: Origin }
  | { kind: "menu"; label: string; at: Point; items: readonly MenuItem[] }
  | { kind: "connect" }
  | { kind: "find" }
  | { kind: "legend" }
  | { kind: "author" };

interface Overlays {
  overlay: Overlay | null;
  /** Whether the library stands beside the canvas. */
  isLibraryOpen: boolean;
  /** Whether the list of runs does. */
  isRunsOpen: boolean;
  /** The node whose title is being written. */
  titling: string | null;
}

const WIDE = "(min-width: 900px)";

export const useOverlay = create<Overlays>(() => ({ overlay: null, isLibraryOpen: typeof matchMedia === "function" && matchMedia(WIDE).matches, isRunsOpen: false, titling: null }));

export function show(overlay: Overlay): void {
  useOverlay.setState({ overlay });
}

export function hide(): void {
  useOverlay.setState({ overlay: null });
}

export function toggleLibrary(): void {
  useOverlay.setState(({ isLibraryOpen }) => ({ isLibraryOpen: !isLibraryOpen }));
}

export function toggleRuns(): void {
  useOverlay.setState(({ isRunsOpen }) => ({ isRunsOpen: !isRunsOpen }));
}

/** Whether the library covers the canvas, and so goes away once something was taken from it. */
export function coversCanvas(): boolean {
  return !matchMedia(WIDE).matches;
}
