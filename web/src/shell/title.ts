/** The title of the browser's tab: how many questions are open, what is shown, the program's name. */

let view = "";
let shown = "";
let open = 0;

function write(): void {
  const what = shown || view;
  const name = what ? `${what} · Callboard` : "Callboard";
  document.title = open > 0 ? `(${open}) ${name}` : name;
}

/** Names the view, for as long as nothing in it has a name. */
export function setViewTitle(text: string): void {
  view = text;
  write();
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
