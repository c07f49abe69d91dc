/** All shortcuts that work now. */

import type { ReactNode } from "react";
import { Dialog } from "../ui/Dialog";
import { useCommandStore, type Command } from "./commands";

/** `ctrl+shift+z` → `Ctrl Shift Z`. */
function inWords(key: string): string {
  if (!/^(ctrl|shift)\+/.test(key)) return key.length > 1 && /^[a-z]/.test(key) ? key.charAt(0).toUpperCase() + key.slice(1) : key;
  return key.split("+").map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join(" ");
}

export function Keys({ keys }: { keys: string }): ReactNode {
  return (
    <span className="keys">
      {keys.split(" ").map((key, place) => (
        <kbd key={place}>{inWords(key)}</kbd>
      ))}
    </span>
  );
}

export function Help({ onClose }: { onClose: () => void }): ReactNode {
  const sets = useCommandStore((state) => state.sets);
  const groups = new Map<string, Command[]>();
  for (const command of [...sets.values()].flat()) {
    if (command.keys) groups.set(command.group, [...(groups.get(command.group) ?? []), command]);
  }
  return (
    <Dialog title="Shortcuts" onClose={onClose} className="help">
      <div className="help-groups">
        {[...groups].map(([group, commands]) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {commands.map(({ id, title, keys }) => (
                <div key={id}>
                  <dt>{title}</dt>
                  <dd>
                    <Keys keys={keys ?? ""} />
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <section>
          <h3>Anywhere</h3>
          <dl>
            <div>
              <dt>Close a dialog, leave a field</dt>
              <dd>
                <Keys keys="Esc" />
              </dd>
            </div>
            <div>
              <dt>Next control, previous control</dt>
              <dd>
                <Keys keys="tab shift+tab" />
              </dd>
            </div>
          </dl>
        </section>
      </div>
    </Dialog>
  );
}
