// The description of the interface, as a page.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { inBrowser, PHONE, server, withServer } from "./support.mjs";

withServer();

async function accessible(page, place) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map(({ id, nodes }) => `${place}: ${id} ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("\n")}`), []);
}

async function opened(page) {
  await page.goto(`${server.url}docs`);
  const start = page.locator("#operations-sessions-start_task");
  await start.waitFor();
  return start;
}

describe("docs", () => {
  inBrowser("can be used by everybody", {}, async (page) => {
    const start = await opened(page);
    await accessible(page, "closed");
    await start.locator(".opblock-summary-control").click();
    await start.getByText("Responses").first().waitFor();
    await accessible(page, "one operation open");
  });

  inBrowser("can be used by everybody on a phone", { ...PHONE }, async (page) => {
    await opened(page);
    await accessible(page, "phone");
  });
});
