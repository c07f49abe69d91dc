// The help fits every width, with whatever shortcuts the view has.

import assert from "node:assert/strict";
import { inBrowser, server, withServer } from "./support.mjs";

withServer();

inBrowser("the list of shortcuts fits from a small phone to a wide screen", {}, async (page) => {
  for (const view of ["tasks", "workflows/new", "metrics"]) {
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(`${server.url}app/${view}`);
    await page.locator("main h1").first().waitFor({ state: "attached" });
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Shortcuts" }).waitFor();
    for (const width of [320, 375, 520, 640, 768, 1024, 1440]) {
      await page.setViewportSize({ width, height: 800 });
      const outside = await page.getByRole("dialog").evaluate((dialog) => {
        const frame = dialog.querySelector(".dialog-body").getBoundingClientRect();
        return [...dialog.querySelectorAll("kbd, dt, dd, h3")].filter((one) => one.getBoundingClientRect().right > frame.right + 0.5).map((one) => one.textContent);
      });
      assert.deepEqual(outside, [], `${view} at ${width}`);
    }
    await page.keyboard.press("Escape");
  }
});
