/** The title of the browser's tab: how many questions are open, what is shown, the program's name. */

let shown = "";
let open = 0;

function write(): void {
  const name = shown ? `${shown} · Callboard` : "Callboard";
  document.title = open > 0 ? `(${open}) ${name}` : name;
}

/** Names what is shown; gives what takes the name away. */
export function setTitle(text: string): () => void {
  shown = text;
  write();
  return () => {
    if (shown !== text) return;
    shown = "";
    write();
  };
}

/** Says how many questions are open. */
export function setOpenQuestions(count: number): void {
  open = count;
  write();
}
