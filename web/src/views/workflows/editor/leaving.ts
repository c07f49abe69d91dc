/** What is asked before changes that were not saved are left behind. */

import { choose } from "./choices";
import { dropDraft, known } from "./drafts";
import { useEditor } from "./store";

/** Goes on at once, or asks first. */
export function leave(isAsked: boolean, go: () => void): void {
  if (isAsked) void ask(go);
  else go();
}

async function ask(go: () => void): Promise<void> {
  const { workflow, key } = useEditor.getState();
  const answer = await choose({
    title: "Leave with changes that are not saved?",
    text: `"${workflow.name}" was changed. Kept as a draft, the changes stay in this browser and are there when you come back.`,
    choices: [
      { id: "stay", title: "Stay" },
      { id: "discard", title: "Discard them", tone: "danger" },
      { id: "keep", title: "Keep as a draft" },
      { id: "save", title: "Save", tone: "primary" },
    ],
  });
  if (answer === "save" && !(await useEditor.getState().save())) return;
  if (answer === "keep" && key !== null) known.delete(key);
  if (answer === "discard") {
    const { saved, load } = useEditor.getState();
    if (key !== null) {
      if (saved) load(key, saved, saved);
      dropDraft(key);
    }
    useEditor.setState({ key: null });
  }
  if (answer !== "stay" && answer !== null) go();
}
