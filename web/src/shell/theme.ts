/** Light, dark, or as the system says. */

import { create } from "zustand";

export type Theme = "system" | "light" | "dark";

const KEY = "callboard:theme";
const ORDER: readonly Theme[] = ["system", "light", "dark"];

function stored(): Theme {
  const theme = document.documentElement.dataset.theme;
  return theme === "light" || theme === "dark" ? theme : "system";
}

interface ThemeState {
  theme: Theme;
  set: (theme: Theme) => void;
  next: () => void;
}

export const useTheme = create<ThemeState>((set, get) => ({
  theme: stored(),
  set: (theme) => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Storage may be forbidden: then the choice lasts until the page is left.
    }
    set({ theme });
  },
  next: () => get().set(ORDER[(ORDER.indexOf(get().theme) + 1) % ORDER.length] ?? "system"),
}));
