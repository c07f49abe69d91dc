/** The admin token, kept as long as the tab is open and nowhere else. */

import { create } from "zustand";

const KEY = "callboard:admin-token";

function stored(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    // Storage may be forbidden: then the token lasts until the page is left.
    return null;
  }
}

interface Token {
  token: string | null;
  set: (token: string | null) => void;
}

export const useToken = create<Token>((set) => ({
  token: stored(),
  set: (token) => {
    try {
      if (token === null) sessionStorage.removeItem(KEY);
      else sessionStorage.setItem(KEY, token);
    } catch {
      // As above.
    }
    set({ token });
  },
}));
