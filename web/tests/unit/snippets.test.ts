import { expect, test } from "vitest";
import { snippets } from "../../src/views/welcome/snippets";

test.each(["shell", "python", "node"])("the lines for %s show a key on every call where callers have to say who they are", (id) => {
  const [open, closed] = [false, true].map((showsKey) => snippets("http://x", showsKey).find((one) => one.id === id));
  expect(open?.code).not.toContain("CALLBOARD_KEY");
  expect(open?.needs).not.toContain("CALLBOARD_KEY");
  // Python makes both calls in one place.
  expect(closed?.code.split("CALLBOARD_KEY")).toHaveLength(id === "python" ? 2 : 3);
  expect(closed?.needs).toContain("CALLBOARD_KEY");
});
