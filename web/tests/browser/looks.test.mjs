// How the page looks and is used: phone width, keyboard only, dark theme, what axe finds, and a hundred thousand lines.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { accessible, home, inBrowser, open, panel, PHONE, server, shoot, status, upToConfirmation, withServer } from "./support.mjs";

withServer();

describe("the page", () => {
  inBrowser("fits on a phone, and one can answer there", PHONE, async (page) => {
    const fits = async (name) => {
      await shoot(page, name);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is wider than the screen`);
    };
    await page.goto(`${home()}/new/long_running_task`);
    await page.getByLabel("Step delay ms").fill("1");
    await fits("phone-start");
    await page.getByRole("button", { name: "Start long_running_task" }).click();
    await panel(page, "input").waitFor();
    await fits("phone-form");
    await upToConfirmation(page);
    await fits("phone-confirm");
    const box = await panel(page, "confirmation").boundingBox();
    assert.ok(box.y >= 50 && box.y + box.height <= 740, `the question is out of sight: ${JSON.stringify(box)}`);
    await accessible(page, "phone");
    await panel(page, "confirmation").getByRole("button", { name: "Yes" }).tap();
    await status(page, "Completed");
    await fits("phone-result");
    await page.getByRole("link", { name: "Back to the list" }).tap();
    await page.locator(".row").first().waitFor();
    await fits("phone-list");
  });

  for (const colorScheme of ["light", "dark"]) {
    inBrowser(`has no findings of axe in the ${colorScheme} theme`, { colorScheme, reducedMotion: "reduce" }, async (page) => {
      const look = async (name) => {
        await shoot(page, `${name}-${colorScheme}`);
        await accessible(page, name);
      };
      await open(page, "approval", { timeout: 3000, message: "Shall the curtain go up?" });
      await panel(page, "confirmation").waitFor();
      await look("confirm");
      await open(page, "simulate_streaming", { steps: 3000, step_delay_ms: 5 });
      await page.getByLabel("Search this session").fill("step 1");
      await page.locator("mark").first().waitFor();
      await look("search");
      await open(page, "long_running_task", { step_delay_ms: 1 });
      await panel(page, "input").getByLabel(/address/i).fill("nowhere");
      await panel(page, "input").getByRole("button", { name: "Send" }).click();
      await page.locator(".field-error").first().waitFor();
      await look("wrong");
      await upToConfirmation(page);
      await panel(page, "confirmation").getByRole("button", { name: "Yes" }).click();
      await status(page, "Completed");
      await page.getByRole("tab", { name: "Journal" }).click();
      await page.locator(".entry", { hasText: "answered" }).first().click();
      await look("journal");
      await page.getByRole("tab", { name: "Details" }).click();
      await look("details");
      await page.goto(`${home()}/new/approval`);
      await page.getByLabel("Lines").waitFor();
      await look("start");
      await page.goto(home());
      await page.locator(".row").first().waitFor();
      await look("list");
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox", { name: "Search commands" }).fill("sta");
      await look("palette");
      await page.keyboard.press("Escape");
      await page.keyboard.press("?");
      await page.getByRole("heading", { name: "Shortcuts" }).waitFor();
      await look("help");
      const [red] = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g));
      assert.equal(Number(red) < 60, colorScheme === "dark");
    });
  }

  inBrowser("keeps a chosen theme over a reload", { colorScheme: "light" }, async (page) => {
    await page.goto(home());
    const dark = () => page.evaluate(() => getComputedStyle(document.body).colorScheme);
    for (let press = 0; (await dark()) !== "dark" && press < 3; press += 1) await page.getByRole("button", { name: /^Theme/ }).click();
    assert.equal(await dark(), "dark");
    await page.reload();
    assert.equal(await dark(), "dark");
  });

  inBrowser("needs no mouse", {}, async (page) => {
    await page.goto(server.url);
    await page.getByRole("link", { name: "Start a task" }).waitFor();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("start approval");
    // What can be started is known once the server has said it.
    await page.getByRole("option", { name: "Start approval" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Start approval" }).waitFor();
    const tabTo = async (name) => {
      for (let tab = 0; tab < 60; tab += 1) {
        if ((await page.evaluate(() => document.activeElement?.textContent?.trim())) === name) return;
        await page.keyboard.press("Tab");
      }
      assert.fail(`the keyboard does not reach "${name}"`);
    };
    await tabTo("Start approval");
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(outline, "none");
    await page.keyboard.press("Enter");
    await panel(page, "confirmation").locator('[role="group"]:not([aria-disabled])').waitFor();
    await page.keyboard.press("a");
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Yes");
    await page.keyboard.press("Enter");
    await status(page, "Completed");
    await page.keyboard.press("u");
    await page.waitForURL(/\/app\/tasks$/);
    await page.keyboard.press("j");
    await page.waitForURL(/\/app\/tasks\/[0-9a-f-]{36}/);
  });

  inBrowser("says beside the field what is wrong with a start", { mayComplain: /422/ }, async (page) => {
    await page.goto(`${home()}/new/simulate_streaming`);
    await page.getByLabel("Steps").fill("0");
    await page.getByRole("button", { name: "Start simulate_streaming" }).click();
    await page.locator('[data-field="steps"] .field-error').waitFor();
    await page.waitForFunction(() => document.activeElement?.closest('[data-field="steps"]'));
    assert.match(page.url(), /\/new\//);
    await shoot(page, "start-error");
  });
});

describe("a hundred thousand lines", () => {
  inBrowser("leave only a few on the page, and are all there", { isPrompt: true }, async (page) => {
    await open(page, "simulate_streaming", { steps: 100_000, step_delay_ms: 0 });
    await page.locator(".session-line .status", { hasText: "Completed" }).waitFor({ timeout: 120_000 });
    await page.locator("#line-count", { hasText: "100,000 lines" }).waitFor();
    await page.locator(".line .number", { hasText: /^100000$/ }).waitFor();
    assert.ok((await page.locator(".line").count()) < 120);
    await page.locator(".pane").evaluate((pane) => (pane.scrollTop = 0));
    await page.locator(".line .text", { hasText: /^Step 1\/100000 completed$/ }).waitFor();
    await page.getByLabel("Search this session").fill("Step 77777/");
    await page.locator('.line[data-hit] .number', { hasText: /^77777$/ }).waitFor();
    await shoot(page, "many-lines");
    await page.reload();
    await page.locator("#line-count", { hasText: "100,000 lines" }).waitFor({ timeout: 60_000 });
  });
});
