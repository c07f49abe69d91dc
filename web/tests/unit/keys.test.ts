// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listenForKeys, useCommandStore } from "../../src/shell/commands";

const heard: string[] = [];
let stop = (): void => undefined;

function press(key: string, init: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...init });
  document.body.dispatchEvent(event);
  return event;
}

describe("keys", () => {
  beforeEach(() => {
    heard.length = 0;
    const command = (keys: string) => ({ id: keys, title: keys, group: "", keys, run: () => void heard.push(keys) });
    useCommandStore.setState({ sets: new Map([[Symbol("test"), ["c", "g c", "g t", "ctrl+k", "?"].map(command)]]) });
    stop = listenForKeys();
  });
  afterEach(() => stop());

  it("a key alone runs its command", () => {
    press("c");
    expect(heard).toEqual(["c"]);
  });

  it("the second key of a sequence never runs what it stands for alone", () => {
    press("g");
    press("c");
    expect(heard).toEqual(["g c"]);
    press("g");
    expect(press("x").defaultPrevented).toBe(true);
    expect(press("c").defaultPrevented).toBe(true);
    expect(heard).toEqual(["g c", "c"]);
  });

  it("a key that begins a sequence does so after another one as well", () => {
    press("g");
    press("t");
    press("g");
    press("c");
    expect(heard).toEqual(["g t", "g c"]);
  });

  it("a modifier on its way to the second key does not end the sequence", () => {
    press("g");
    press("Shift");
    press("t");
    expect(heard).toEqual(["g t"]);
  });

  it("a shortcut with Ctrl ends a sequence and runs", () => {
    press("g");
    press("k", { ctrlKey: true });
    press("c");
    expect(heard).toEqual(["ctrl+k", "c"]);
  });
});
