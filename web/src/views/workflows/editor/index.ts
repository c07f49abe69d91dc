/** What the rest of the view may use of the editor. */

export { author } from "./author";
export { chooseFile } from "./actions";
export { changedElsewhere, inputChangedElsewhere } from "./elsewhere";
export { useEditor, type Editor, type Elsewhere } from "./store";
