// Each flow of a session, in a real browser against the real server.
//
// SERVER_BINARY names the server (else the debug build), CHROMIUM the browser, SHOTS a folder for screenshots.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe } from "node:test";
import { AWAY, cancel, fillForm, hasLines, home, inBrowser, open, panel, pill, server, shoot, status, STEPS, upToConfirmation, withServer } from "./support.mjs";

withServer();

describe("a session", () => {
  inBrowser("goes from start over form, error, retry and confirmation to its result", {}, async (page) => {
    await page.goto(server.url);
    await page.waitForURL(/\/app\/tasks$/);
    await page.getByRole("heading", { name: "Welcome to Callboard" }).waitFor();
    await shoot(page, "home-empty");
    await page.getByRole("link", { name: "Start a task" }).click();
    await page.getByText("long_running_task", { exact: true }).last().click();
    await page.getByLabel("Step delay ms").fill("20");
    await shoot(page, "start");
    await page.getByRole("button", { name: "Start long_running_task" }).click();
    await panel(page, "input").waitFor();
    await status(page, "Needs input");
    await shoot(page, "form");
    await fillForm(page, "not an address");
    const wrong = page.locator(".field[data-wrong]");
    await wrong.locator(".field-error").waitFor();
    assert.equal(await wrong.count(), 1);
    assert.match(await wrong.locator("label").textContent(), /address/i);
    assert.notEqual(await wrong.locator(".field-error").textContent(), "");
    assert.equal(await wrong.locator("input").getAttribute("aria-invalid"), "true");
    assert.equal(await wrong.locator("input").evaluate((input) => input === document.activeElement), true);
    assert.equal(await panel(page, "input").getByLabel(/subject/i).inputValue(), "Tonight");
    await shoot(page, "form-error");
    await fillForm(page, "crew@board.example");
    const retry = panel(page, "retry");
    await retry.getByText("Attempt 1 failed").waitFor();
    await retry.getByText("Simulated task failure").waitFor();
    await shoot(page, "retry");
    await retry.getByRole("button", { name: "Retry" }).click();
    await panel(page, "confirmation").waitFor();
    await shoot(page, "confirm");
    // The focus has gone on to the question: one step leads to its first button, which at once takes nothing yet.
    await panel(page, "confirmation").locator('[role="group"]:not([aria-disabled])').waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await status(page, "Completed");
    await page.locator("#outcome", { hasText: "crew@board.example" }).waitFor();
    assert.equal(await page.locator(".question").count(), 0);
    await hasLines(page, STEPS);
    assert.deepEqual(await page.locator(".toast").allTextContents(), []);
    await page.locator('.row[data-open] [data-status="completed"]').waitFor();
    await shoot(page, "result");
  });

  inBrowser("that is declined ends as cancelled", {}, async (page) => {
    await open(page, "long_running_task", { step_delay_ms: 1 });
    await upToConfirmation(page);
    await panel(page, "confirmation").getByRole("button", { name: "No" }).click();
    await status(page, "Cancelled");
    await hasLines(page, [...STEPS, "Task cancelled by user."]);
  });

  inBrowser("that is given up fails, and says why", {}, async (page) => {
    await open(page, "long_running_task", { step_delay_ms: 1 });
    await fillForm(page, "crew@board.example");
    await panel(page, "retry").getByRole("button", { name: "Give up" }).click();
    await status(page, "Failed");
    await page.locator("#outcome", { hasText: "Simulated task failure" }).waitFor();
    await shoot(page, "failed");
  });

  inBrowser("can be cancelled at its question", {}, async (page) => {
    await open(page, "long_running_task");
    await panel(page, "input").waitFor();
    await cancel(page);
    await status(page, "Cancelled");
    assert.equal(await page.locator(".question").count(), 0);
    assert.equal(await page.locator("#cancel").count(), 0);
    await page.locator('.row[data-open] [data-status="cancelled"]').waitFor();
  });

  inBrowser("is never cancelled by one key: `c` asks, and Escape or Enter keep it running", {}, async (page) => {
    const id = await open(page, "approval");
    await panel(page, "confirmation").waitFor();
    for (const key of ["Escape", "Enter"]) {
      await page.keyboard.press("c");
      await page.getByRole("dialog").getByRole("button", { name: "Keep running" }).waitFor();
      await page.keyboard.press(key);
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
    assert.equal((await (await fetch(`${server.url}sessions/${id}`)).json()).status, "waiting_confirmation");
    // The second key of a sequence is no command of its own, wherever the sequence leads.
    await page.keyboard.press("g");
    await page.keyboard.press("c");
    await page.waitForURL(/\/app\/connections$/);
    assert.equal(await page.getByRole("dialog").count(), 0);
    assert.equal((await (await fetch(`${server.url}sessions/${id}`)).json()).status, "waiting_confirmation");
  });

  inBrowser("reads as one conversation that can be filtered, and its timeline leads to what happened", {}, async (page) => {
    await open(page, "long_running_task", { step_delay_ms: 1 });
    await upToConfirmation(page);
    await panel(page, "confirmation").getByRole("button", { name: "Yes" }).click();
    await status(page, "Completed");
    const turns = () => page.locator(".turn-body").evaluateAll((all) => all.map((one) => one.dataset.type));
    await page.getByLabel("Show", { exact: true }).selectOption({ label: "Questions and answers" });
    await page.locator(".line").first().waitFor({ state: "detached" });
    assert.deepEqual(await turns(), ["request_user_input", "answered", "task_failed", "answered", "request_confirmation", "answered"]);
    assert.match(await page.locator('.turn-body[data-type="answered"]').nth(1).textContent(), /^Retry by someoneafter \d+\.\d s/);
    await page.getByLabel("Show", { exact: true }).selectOption({ label: "Output" });
    await hasLines(page, STEPS);
    await page.getByLabel("Show", { exact: true }).selectOption({ label: "Everything" });
    await page.locator(".tick-mark").nth(1).waitFor();
    const track = page.locator(".lane-track").first();
    await track.click({ position: { x: 4, y: 8 } });
    await page.locator("[data-flash]").first().waitFor();
    await page.locator(".legend-button", { hasText: "Waiting for people" }).click();
    await page.locator('.turn[data-flash] [data-type="request_user_input"]').waitFor();
    await shoot(page, "conversation");
    await page.locator("#outcome").getByRole("button", { name: "JSON" }).click();
    assert.equal(JSON.parse(await page.locator("#outcome pre").textContent()).to_address, "crew@board.example");
  });

  inBrowser("starts by chance where no kind is chosen", {}, async (page) => {
    await page.goto(`${home()}/new`);
    await page.getByRole("button", { name: "Just start" }).click();
    await page.locator(".session-name h1", { hasText: /^(Long running task|Simulate streaming)$/ }).waitFor();
  });

  inBrowser("shows how far it is, and its output can be paused and cleared", {}, async (page) => {
    await open(page, "simulate_streaming", { steps: 2000, step_delay_ms: 10 });
    await page.locator(".progress", { hasText: "of 2,000" }).waitFor();
    await page.locator(".row-progress", { hasText: "of 2,000" }).waitFor();
    await page.locator("#line-count", { hasText: /^([5-9]|\d\d+|[\d,]{5,}) lines$/ }).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    // How many are drawn before the last one is the list's own affair.
    const last = () => page.locator(".line .number").last().textContent();
    const before = await last();
    await page.locator(".new-lines", { hasText: /\d+ new/ }).waitFor();
    assert.equal(await last(), before);
    await shoot(page, "streaming-paused");
    await page.locator(".new-lines").click();
    await page.getByRole("button", { name: "Clear" }).click();
    await page.locator(".line").first().waitFor();
    const first = Number(await page.locator(".line .number").first().textContent());
    assert.ok(first > 5, `the numbers begin at ${first}`);
    await cancel(page);
    await status(page, "Cancelled");
  });

  inBrowser("gives its output away whole, copied and as a file, and shows it wrapped and with times", { permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
    await open(page, "approval", { lines: 500 });
    await panel(page, "confirmation").getByRole("button", { name: "Yes" }).click();
    await status(page, "Completed");
    await page.locator("#line-count", { hasText: "501 lines" }).waitFor();
    const whole = ["Waiting for approval", ...Array.from({ length: 500 }, (_, place) => `Line ${place + 1}/500`)].join("\n");
    await page.getByRole("button", { name: "Copy the output" }).click();
    await page.locator(".toast", { hasText: "501 lines copied." }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), whole);
    const downloading = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download the output" }).click();
    const download = await downloading;
    assert.match(download.suggestedFilename(), /^approval-[0-9a-f]{8}\.txt$/);
    assert.equal(readFileSync(await download.path(), "utf8"), `${whole}\n`);
    await page.getByRole("button", { name: "Wrap long lines" }).click();
    await page.getByRole("button", { name: "Show times" }).click();
    await page.locator(".line time", { hasText: /^\d\d:\d\d:\d\d\.\d{3}$/ }).first().waitFor();
    await page.locator(".line .text", { hasText: "Line 500/500" }).waitFor();
    await shoot(page, "wrapped");
  });

  inBrowser("counts down where a question has a time limit, and says when nobody has answered", {}, async (page) => {
    await open(page, "approval", { timeout: 90, lines: 1 });
    await panel(page, "confirmation").locator(".countdown", { hasText: /^No at \d\d:\d\d:\d\d · in (8\d s|90 s|1 min \d\d s)$/ }).waitFor();
    await shoot(page, "countdown");
    await panel(page, "confirmation").getByRole("button", { name: "No" }).click();
    await page.locator("#outcome", { hasText: /approved\s*No/ }).waitFor();
    await open(page, "approval", { timeout: 5, lines: 1 });
    await page.locator(".toast", { hasText: "Nobody answered in time." }).waitFor();
    await status(page, "Completed");
  });
});

describe("leaving and coming back", () => {
  inBrowser("a reload in mid-form keeps the form and what was typed, and doubles no line", {}, async (page) => {
    await open(page, "long_running_task", { step_delay_ms: 1 });
    const id = await panel(page, "input").getAttribute("data-request");
    await panel(page, "input").getByLabel(/subject/i).fill("A draft");
    await page.reload();
    await panel(page, "input").waitFor();
    assert.equal(await panel(page, "input").getAttribute("data-request"), id);
    assert.equal(await panel(page, "input").getByLabel(/subject/i).inputValue(), "A draft");
    await page.locator("#line-count", { hasText: "1 line" }).waitFor();
    await upToConfirmation(page);
    await page.reload();
    await panel(page, "confirmation").waitFor();
    await hasLines(page, STEPS);
    assert.equal(await page.locator(".question").count(), 1);
  });

  inBrowser("a server that is killed at the question has it again", { mayComplain: AWAY }, async (page) => {
    await open(page, "long_running_task", { step_delay_ms: 1 });
    const id = await panel(page, "input").getAttribute("data-request");
    await panel(page, "input").getByLabel(/body/i).fill("Typed before");
    await server.kill("SIGKILL");
    await page.locator("#trouble", { hasText: "The connection broke." }).waitFor();
    await pill(page, /Reconnecting in \d+ s|Connecting/).waitFor();
    assert.equal(await panel(page, "input").getByRole("button", { name: "Send" }).isDisabled(), true);
    await shoot(page, "reconnecting");
    await server.up();
    await pill(page, "Live").waitFor({ timeout: 40_000 });
    assert.equal(await panel(page, "input").getAttribute("data-request"), id);
    assert.equal(await panel(page, "input").getByLabel(/body/i).inputValue(), "Typed before");
    await upToConfirmation(page);
    await panel(page, "confirmation").getByRole("button", { name: "Yes" }).click();
    await status(page, "Completed");
    await hasLines(page, STEPS);
  });

  inBrowser("a server that is killed in the middle of the lines loses and doubles none", { mayComplain: AWAY }, async (page) => {
    await open(page, "simulate_streaming", { steps: 600, step_delay_ms: 20 });
    await page.locator("#line-count", { hasText: /^([4-9]\d|\d{3}) lines$/ }).waitFor();
    await server.kill("SIGKILL");
    await page.locator("#trouble").waitFor();
    await server.up();
    await status(page, "Completed");
    await page.locator("#line-count", { hasText: /^600 lines$/ }).waitFor();
    await page.locator(".line .text", { hasText: "Step 600/600 completed" }).waitFor();
    const numbers = await page.locator(".line").evaluateAll((lines) => lines.map((line) => [line.querySelector(".number").textContent, line.querySelector(".text").textContent]));
    for (const [number, text] of numbers) assert.equal(text, `Step ${number}/600 completed`);
  });

  inBrowser("two tabs agree, and the second hears that the first has answered", {}, async (page, context) => {
    await open(page, "long_running_task", { step_delay_ms: 1 });
    await panel(page, "input").waitFor();
    const other = await context.newPage();
    await other.goto(page.url());
    await panel(other, "input").waitFor();
    await fillForm(page, "crew@board.example");
    await other.locator(".toast", { hasText: "Answered elsewhere" }).waitFor();
    await panel(other, "retry").waitFor();
    assert.equal(await panel(other, "input").count(), 0);
    await shoot(other, "answered-elsewhere");
    await panel(other, "retry").getByRole("button", { name: "Retry" }).click();
    await panel(page, "confirmation").getByRole("button", { name: "Yes" }).click();
    for (const tab of [page, other]) {
      await tab.bringToFront();
      await status(tab, "Completed");
      await hasLines(tab, STEPS);
    }
    assert.equal(await page.locator("#outcome dl").textContent(), await other.locator("#outcome dl").textContent());
  });

  inBrowser("a session that nobody knows is said to be unknown", {}, async (page) => {
    await page.goto(`${home()}/00000000-0000-4000-8000-000000000000`);
    await page.getByRole("heading", { name: "There is no session" }).waitFor();
    await page.getByRole("link", { name: "Back to the list" }).click();
    await page.waitForURL(/\/app\/tasks$/);
  });

  inBrowser("sessions open from the list, back goes back, and a filter stands in the address", {}, async (page) => {
    const first = await open(page, "approval", { lines: 1 });
    await panel(page, "confirmation").waitFor();
    const second = await open(page, "approval", { lines: 2 });
    await panel(page, "confirmation").waitFor();
    await page.locator(`.row a[href*="${first}"]`).click();
    await page.waitForURL(new RegExp(first));
    await panel(page, "confirmation").waitFor();
    assert.equal(await page.locator(".question").count(), 1);
    await page.goBack();
    await page.waitForURL(new RegExp(second));
    await page.locator(".chip", { hasText: "Waiting for people" }).click();
    await page.waitForURL(/status=waiting/);
    await page.locator(`.row a[href*="${second}"]`).waitFor();
    assert.equal(await page.locator('.row [data-status="completed"]').count(), 0);
    await page.reload();
    await page.locator(`.row a[href*="${second}"]`).waitFor();
    assert.equal(await page.locator(".chip", { hasText: "Waiting for people" }).getAttribute("aria-pressed"), "true");
    await shoot(page, "waiting-filter");
  });

  inBrowser("older sessions are shown when they are asked for, and the place in the list stays", {}, async (page) => {
    const body = JSON.stringify({ task: "approval", config: { lines: 1 }, labels: { batch: "older" } });
    for (let started = 0; started < 60; started += 1) await fetch(`${server.url}start-task`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    await page.goto(`${home()}?label=batch%3Dolder`);
    await page.locator(".row").nth(49).waitFor();
    assert.equal(await page.locator(".row").count(), 50);
    const more = page.getByRole("button", { name: "Show older sessions" });
    await more.scrollIntoViewIfNeeded();
    const before = await page.locator(".list").evaluate((list) => list.scrollTop);
    await more.click();
    await page.locator(".row").nth(59).waitFor();
    assert.equal(await page.locator(".list").evaluate((list) => list.scrollTop), before);
    assert.equal(await more.count(), 0);
  });

  inBrowser("several sessions are cancelled at once", {}, async (page) => {
    const ids = [await open(page, "approval"), await open(page, "approval")];
    await page.goto(`${home()}?status=waiting`);
    for (const id of ids) await page.getByLabel(`Select Approval ${id.slice(0, 8)}`).check();
    await shoot(page, "bulk");
    await page.getByRole("button", { name: "Cancel 2" }).click();
    await page.getByRole("button", { name: "Cancel 2 sessions" }).click();
    await page.locator(".toast", { hasText: "2 sessions cancelled" }).waitFor();
    for (const id of ids) await page.locator(`.row a[href*="${id}"]`).waitFor({ state: "detached" });
  });
});
