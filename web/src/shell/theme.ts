/** Light, dark, or as the system says. */

import { create } from "zustand";

export type Theme = "system" | "light" | "dark";

const KEY = "callboard:theme";

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
  next: () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    // The first step changes something that can be seen, the third leads back to the system's.
    const order: Theme[] = dark ? ["system", "light", "dark"] : ["system", "dark", "light"];
    get().set(order[(order.indexOf(get().theme) + 1) % order.length] ?? "system");
  },
}));
