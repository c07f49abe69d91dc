/** Puts a text on the clipboard, and says what came of it. */

import { tell } from "../shell/toasts";

export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    tell(`${what} copied.`, "good");
  } catch {
    tell("The browser does not allow copying here. Select the text and copy it with the keyboard.", "warn");
  }
}

/** Saves a text as a file. */
export function saveText(text: string, name: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
