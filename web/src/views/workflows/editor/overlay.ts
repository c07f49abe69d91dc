/** What lies over the canvas: the search for a node to insert, the dialog that links, and the like. */

import { create } from "zustand";
import type { Origin } from "./actions";
import type { Point } from "./pure/graph";

export type Overlay =
  | { kind: "insert"; at: Point; origin: Origin }
  | { kind: "connect" }
  | { kind: "find" }
  | { kind: "legend" }
  | { kind: "author" };

interface Overlays {
  overlay: Overlay | null;
  /** Whether the library stands beside the canvas. */
  isLibraryOpen: boolean;
  /** The node whose title is being written. */
  titling: string | null;
}

const WIDE = "(min-width: 900px)";

export const useOverlay = create<Overlays>(() => ({ overlay: null, isLibraryOpen: typeof matchMedia === "function" && matchMedia(WIDE).matches, titling: null }));

export function show(overlay: Overlay): void {
  useOverlay.setState({ overlay });
}

export function hide(): void {
  useOverlay.setState({ overlay: null });
}

export function toggleLibrary(): void {
  useOverlay.setState(({ isLibraryOpen }) => ({ isLibraryOpen: !isLibraryOpen }));
}

/** Whether the library covers the canvas, and so goes away once something was taken from it. */
export function coversCanvas(): boolean {
  return !matchMedia(WIDE).matches;
}
