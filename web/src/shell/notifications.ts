/** Notifications of the browser, for those who asked for them: a new question came while the page was not in sight. */

import { create } from "zustand";

const KEY = "callboard:notify";

interface Notifications {
  /** `blocked`: the browser forbids them; `unavailable`: it has none, or not for this address. */
  state: "on" | "off" | "blocked" | "unavailable";
  toggle: () => Promise<void>;
}

function initial(): Notifications["state"] {
  if (typeof Notification === "undefined" || !globalThis.isSecureContext) return "unavailable";
  if (Notification.permission === "denied") return "blocked";
  return Notification.permission === "granted" && isWanted() ? "on" : "off";
}

function isWanted(): boolean {
  try {
    return localStorage.getItem(KEY) === "on";
  } catch {
    return false;
  }
}

export const useNotifications = create<Notifications>((set, get) => ({
  state: initial(),
  toggle: async () => {
    let next: Notifications["state"] = "off";
    if (get().state === "off") {
      const allowed = await Notification.requestPermission();
      next = allowed === "granted" ? "on" : allowed === "denied" ? "blocked" : "off";
    }
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // Storage may be forbidden: then the choice lasts until the page is left.
    }
    set({ state: next });
  },
}));

/** Shows a notification while the page is not in sight; a click on it brings the page back and does this. */
export function notify(title: string, body: string, clicked: () => void): void {
  if (useNotifications.getState().state !== "on" || !document.hidden) return;
  const shown = new Notification(title, { body, tag: "callboard-question", icon: document.querySelector<HTMLLinkElement>('link[rel="icon"]')?.href ?? "" });
  shown.onclick = () => {
    window.focus();
    shown.close();
    clicked();
  };
}
