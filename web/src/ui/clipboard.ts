/** Puts a text on the clipboard, and says what came of it. */

import { tell } from "../shell/toasts";

export async function copyText(text: string, what: string): Promise<void> {
  const copied = await navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  );
  if (copied || copyOldWay(text)) tell(`${what} copied.`, "good");
  else tell("The browser does not allow copying here. Select the text and copy it with the keyboard.", "warn");
}

/** For pages that are not served from this machine or over TLS: browsers keep the clipboard from them. */
function copyOldWay(text: string): boolean {
  const before = document.activeElement;
  const area = document.createElement("textarea");
  area.className = "visually-hidden";
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return copied;
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
