/** The files of a folder that was dropped or chosen, each with its path in it. */

import type { ProjectFile } from "@callboard/client";

/** As many as the server takes. */
export const MOST_FILES = 500;
/** What a project of CrewAI is read from; everything else stays where it is. */
const READ = /\.(ya?ml|jsonc?)$/i;
/** Folders that no project is read from, and that hold thousands of files. */
const SKIPPED = new Set(["node_modules", ".git", ".venv", "venv", "__pycache__", ".mypy_cache", "dist", "build"]);

export interface Folder {
  name: string;
  files: readonly ProjectFile[];
  /** How many other files were left alone. */
  others: number;
}

/** Whether a file is read at all. */
export function isRead(path: string): boolean {
  return READ.test(path) && !path.split("/").some((part) => SKIPPED.has(part));
}

/** Those of a picker, whose paths begin with the folder's own name. */
export function fromPicker(list: FileList): Folder {
  const all = [...list].map((file) => ({ path: file.webkitRelativePath || file.name, content: file as Blob }));
  return folderOf(all);
}

/** Those of a drop: a folder, or files. To be called at once, as the browser forgets a drop. */
export async function fromDrop(transfer: DataTransfer): Promise<Folder> {
  const entries: FileSystemEntry[] = [];
  const found: { path: string; content: Blob }[] = [];
  for (const item of transfer.items) {
    const entry = item.webkitGetAsEntry();
    const file = entry ? null : item.getAsFile();
    if (entry) entries.push(entry);
    if (file) found.push({ path: file.name, content: file });
  }
  for (const entry of entries) await gather(entry, entry.name, found);
  return folderOf(found);
}

async function gather(entry: FileSystemEntry, path: string, found: { path: string; content: Blob }[]): Promise<void> {
  if (found.length > 10 * MOST_FILES) return;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push({ path, content: file });
    return;
  }
  if (SKIPPED.has(entry.name)) return;
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // A reader gives a hundred at a time, and none in the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;
    for (const one of some) await gather(one, `${path}/${one.name}`, found);
  }
}

/** Paths without the folder that all of them begin with. */
function folderOf(all: readonly { path: string; content: Blob }[]): Folder {
  const [top = ""] = all[0]?.path.split("/") ?? [];
  const isNested = all.length > 0 && all.every(({ path }) => path.startsWith(`${top}/`));
  const files = all.map(({ path, content }) => ({ path: isNested ? path.slice(top.length + 1) : path, content })).filter(({ path }) => isRead(path));
  return { name: isNested ? top : "", files, others: all.length - files.length };
}
