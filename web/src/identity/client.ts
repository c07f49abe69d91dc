/** The page's client: a token that a login gives is kept as long as the tab is open, and calls wait for the next login. */

import { createClient, type TokenStorage } from "@callboard/client";

const KEY = "callboard:token";

const storage: TokenStorage = {
  read: () => {
    try {
      return sessionStorage.getItem(KEY);
    } catch {
      // Storage may be forbidden: then a login lasts until the page is left.
      return null;
    }
  },
  write: (token) => {
    try {
      if (token === null) sessionStorage.removeItem(KEY);
      else sessionStorage.setItem(KEY, token);
    } catch {
      // As above.
    }
  },
};

export const pageClient = createClient({ tokenStorage: storage, waitsForLogin: true });
