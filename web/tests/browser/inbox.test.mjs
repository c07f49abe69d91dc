// The inbox: what waits for people, found, answered and left, in a real browser.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { AWAY, accessible, inBrowser, panel, PHONE, pill, server, shoot, withServer } from "./support.mjs";

withServer();

const inbox = () => `${server.url}app/inbox`;
const row = (page, text) => page.locator(".inbox-row", { hasText: text });

/** Starts a session, and waits until it asks. */
async function asks(task, config = {}, labels = {}) {
  const answer = await fetch(`${server.url}start-task`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ task, config, labels }) });
  const { session_id: id } = await answer.json();
  for (;;) {
    const { open_requests } = await (await fetch(`${server.url}sessions/${id}`)).json();
    if (open_requests.length > 0) return id;
  }
}

async function statusOf(id) {
  return (await (await fetch(`${server.url}sessions/${id}`)).json()).status;
}

/** Ends everything that still asks, so that one test does not see another's questions. */
async function clear() {
  const { requests } = await (await fetch(`${server.url}requests?limit=1000`)).json();
  await Promise.all(requests.map(({ session_id }) => fetch(`${server.url}sessions/${session_id}/cancel`, { method: "POST" })));
}

const focused = (page) => page.evaluate(() => document.activeElement?.textContent?.trim());
/** Waits until the card takes an answer. */
const settled = (page) => page.locator('.inbox-detail [role="group"]:not([aria-disabled])').waitFor();

describe("the inbox", () => {
  inBrowser("says that nobody is needed, then shows a question the moment it is asked, and lets it go once answered", {}, async (page) => {
    await page.goto(inbox());
    await page.getByRole("heading", { name: "Nobody is waiting for you" }).waitFor();
    assert.equal(await page.locator(".badge").count(), 0);
    const id = await asks("approval", { message: "Shall the curtain go up?" });
    await row(page, "Shall the curtain go up?").waitFor();
    await page.locator(".badge", { hasText: "1" }).waitFor();
    await page.waitForFunction(() => document.title.startsWith("(1) "));
    assert.match(await page.locator('link[rel="icon"]').getAttribute("href"), /favicon-dot/);
    await shoot(page, "inbox-one");
    // A row that has just come takes no click yet.
    await page.waitForTimeout(450);
    await row(page, "Shall the curtain go up?").getByRole("button", { name: /^Yes/ }).click();
    await row(page, "Shall the curtain go up?").waitFor({ state: "detached" });
    await page.waitForFunction(() => !document.title.startsWith("("));
    assert.doesNotMatch(await page.locator('link[rel="icon"]').getAttribute("href"), /favicon-dot/);
    await page.waitForFunction(async (url) => (await (await fetch(url)).json()).status === "completed", `${server.url}sessions/${id}`);
  });

  inBrowser("notifies who asked for it of a new question while the page is out of sight", { permissions: ["notifications"] }, async (page) => {
    await page.addInitScript(() => {
      localStorage.setItem("callboard:notify", "on");
      window.shown = [];
      window.Notification = class {
        static permission = "granted";
        constructor(title, { body, icon }) {
          window.shown.push(Object.assign(this, { title, body, icon, close() {} }));
        }
      };
      Object.defineProperty(document, "hidden", { get: () => window.isAway ?? false });
    });
    await clear();
    await page.goto(inbox());
    await page.getByRole("heading", { name: "Nobody is waiting for you" }).waitFor();
    await asks("approval", { message: "Seen at once?" });
    await row(page, "Seen at once?").waitFor();
    await page.evaluate(() => (window.isAway = true));
    await asks("approval", { message: "Shall the doors open?" });
    await page.waitForFunction(() => window.shown.length > 0);
    const shown = await page.evaluate(() => window.shown.map(({ body, icon }) => ({ body, icon })));
    assert.deepEqual(shown.map(({ body }) => body), ["Shall the doors open?"]);
    assert.match(shown[0].icon, /favicon/);
    await page.evaluate(() => {
      window.isAway = false;
      window.shown[0].onclick();
    });
    await page.waitForURL(/\/inbox\/.+/);
    await page.locator(".inbox-detail", { hasText: "Shall the doors open?" }).waitFor();
    await clear();
  });

  inBrowser("has the next deadline first, and says what happens then", {}, async (page) => {
    await asks("approval", { message: "No hurry" });
    await asks("approval", { message: "In an hour", timeout: 3600, default: true });
    await asks("approval", { message: "Soon", timeout: 300 });
    await page.goto(inbox());
    await page.locator(".inbox-row").nth(2).waitFor();
    assert.deepEqual(await page.locator(".inbox-text p").allTextContents(), ["Soon", "In an hour", "No hurry"]);
    assert.match(await row(page, "Soon").locator(".inbox-deadline").textContent(), /^No at \d\d:\d\d:\d\d in [45] min/);
    assert.match(await row(page, "In an hour").locator(".inbox-deadline").textContent(), /^Yes (at|on) .* in (59|60) min|^Yes (at|on) .* in 1 h/);
    assert.equal(await row(page, "No hurry").locator(".inbox-deadline").count(), 0);
    await shoot(page, "inbox-deadlines");
    await clear();
  });

  inBrowser("opens a form beside the list, says what is wrong beside its fields, and goes on to the next question", { mayComplain: /422/ }, async (page) => {
    await asks("long_running_task", { step_delay_ms: 1 });
    await asks("approval", { message: "And after that?" });
    await page.goto(inbox());
    await page.getByRole("link", { name: /^Fill in/ }).click();
    const form = panel(page, "input");
    await form.getByLabel(/subject/i).fill("Tonight");
    await form.getByLabel(/body/i).fill("Half past seven");
    await form.getByLabel(/address/i).fill("nowhere");
    await shoot(page, "inbox-form");
    await form.getByRole("button", { name: "Send" }).click();
    await form.locator('[data-field="to_address"] .field-error').waitFor();
    await form.getByLabel(/address/i).fill("crew@board.example");
    await form.getByRole("button", { name: "Send" }).click();
    await panel(page, "confirmation").getByText("And after that?").waitFor();
    await page.waitForFunction(() => document.activeElement?.closest(".inbox-detail"));
    await clear();
  });

  inBrowser("needs no mouse", {}, async (page) => {
    const first = await asks("approval", { message: "First?" });
    const second = await asks("approval", { message: "Second?" });
    await page.goto(`${server.url}app/tasks`);
    await page.locator(".badge", { hasText: "2" }).waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("i");
    await page.locator(".inbox-row").nth(1).waitFor();
    await page.keyboard.press("j");
    await panel(page, "confirmation").getByText("First?").waitFor();
    await page.keyboard.press("a");
    assert.match(await focused(page), /^Yes/);
    await settled(page);
    await page.keyboard.press("Enter");
    await panel(page, "confirmation").getByText("Second?").waitFor();
    await page.waitForFunction(() => document.activeElement?.textContent?.trim() === "Yes");
    await settled(page);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Nobody is waiting for you" }).waitFor();
    for (const id of [first, second]) await page.waitForFunction(async (url) => (await (await fetch(url)).json()).status === "completed", `${server.url}sessions/${id}`);
  });

  inBrowser("takes a double click for the one question that it was meant for", {}, async (page) => {
    await asks("approval", { message: "One?" });
    const other = await asks("approval", { message: "Other?" });
    await page.goto(inbox());
    await page.locator(".inbox-row").nth(1).waitFor();
    await page.waitForTimeout(450);
    await row(page, "One?").getByRole("button", { name: /^Yes/ }).dblclick({ delay: 30 });
    await row(page, "One?").waitFor({ state: "detached" });
    await row(page, "Other?").waitFor();
    assert.equal(await statusOf(other), "waiting_confirmation");
    await clear();
  });

  inBrowser("says that a question was answered elsewhere, in the list and where it is open", {}, async (page, context) => {
    await asks("approval", { message: "Who is faster?" });
    await page.goto(inbox());
    await row(page, "Who is faster?").getByRole("link", { name: "Approval" }).click();
    await panel(page, "confirmation").waitFor();
    const other = await context.newPage();
    await other.goto(inbox());
    await row(other, "Who is faster?").waitFor();
    await other.waitForTimeout(450);
    await row(other, "Who is faster?").getByRole("button", { name: /^No/ }).click();
    await page.bringToFront();
    await page.locator(".inbox-detail .notice", { hasText: "Answered elsewhere" }).waitFor();
    assert.match(await page.locator(".inbox-detail .notice").textContent(), /No/);
    assert.equal(await page.locator(".question").count(), 0);
    await page.getByRole("heading", { name: "Nobody is waiting for you" }).waitFor();
  });

  inBrowser("keeps what was typed over a reload, and over a server that is killed in mid-question", { mayComplain: AWAY }, async (page) => {
    await asks("long_running_task", { step_delay_ms: 1 });
    await page.goto(inbox());
    await page.getByRole("link", { name: /^Fill in/ }).click();
    const form = panel(page, "input");
    await form.getByLabel(/subject/i).fill("Typed before");
    await page.reload();
    await form.waitFor();
    assert.equal(await form.getByLabel(/subject/i).inputValue(), "Typed before");
    await server.kill("SIGKILL");
    await pill(page, /Reconnecting|Connecting/).waitFor();
    await server.up();
    await pill(page, "Live").waitFor({ timeout: 40_000 });
    assert.equal(await form.getByLabel(/subject/i).inputValue(), "Typed before");
    await form.getByLabel(/body/i).fill("After");
    await form.getByLabel(/address/i).fill("crew@board.example");
    await form.getByRole("button", { name: "Send" }).click();
    await panel(page, "retry").or(page.locator(".inbox-row", { hasText: "Attempt 1 failed" })).first().waitFor();
    await clear();
  });

  inBrowser("lists what a filter asks for, which stands in the address", {}, async (page) => {
    await asks("approval", { message: "A yes or no" });
    await asks("long_running_task");
    await page.goto(inbox());
    await page.locator(".inbox-row").nth(1).waitFor();
    await page.getByLabel("Task", { exact: true }).selectOption({ label: "Approval (1)" });
    await page.waitForURL(/task=approval/);
    await row(page, "A yes or no").waitFor();
    assert.equal(await page.locator(".inbox-row").count(), 1);
    await page.reload();
    await row(page, "A yes or no").waitFor();
    assert.equal(await page.locator("#inbox-count").textContent(), "1 of 2 open questions");
    await page.getByRole("button", { name: "Reset" }).click();
    await page.locator(".inbox-row").nth(1).waitFor();
    await clear();
  });

  inBrowser("is answered on a phone", PHONE, async (page) => {
    const id = await asks("approval", { message: "Shall the curtain go up?", timeout: 600 });
    await page.goto(inbox());
    await row(page, "Shall the curtain go up?").waitFor();
    await shoot(page, "phone-inbox");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await accessible(page, "phone inbox");
    await row(page, "Shall the curtain go up?").getByRole("link").first().tap();
    await panel(page, "confirmation").waitFor();
    await shoot(page, "phone-inbox-question");
    await settled(page);
    await panel(page, "confirmation").getByRole("button", { name: "Yes" }).tap();
    await page.waitForFunction(async (url) => (await (await fetch(url)).json()).status === "completed", `${server.url}sessions/${id}`);
  });

  for (const colorScheme of ["light", "dark"]) {
    inBrowser(`has no findings of axe in the ${colorScheme} theme`, { colorScheme, reducedMotion: "reduce" }, async (page) => {
      await asks("long_running_task");
      await asks("approval", { message: "Pay 120 euros for invoice 17?", timeout: 3000 });
      await asks("approval", { message: "Shall the curtain go up?" });
      await page.goto(inbox());
      await page.locator(".inbox-row").nth(2).waitFor();
      await shoot(page, `inbox-${colorScheme}`);
      await accessible(page, "inbox");
      await page.keyboard.press("j");
      await panel(page, "confirmation").waitFor();
      await shoot(page, `inbox-open-${colorScheme}`);
      await accessible(page, "an open question");
      await clear();
    });
  }
});

describe("ten thousand questions", () => {
  inBrowser("leave only a few on the page, and all can be reached", {}, async (page) => {
    const questions = Array.from({ length: 10_000 }, (_, place) => ({
      session_id: `11111111-1111-4111-8111-${String(place).padStart(12, "0")}`, task: "approval", request_id: `22222222-2222-4222-8222-${String(place).padStart(12, "0")}`,
      type: "request_confirmation", message: `Question ${place + 1}?`, asked_at: 1_700_000_000 + place,
    }));
    const { position } = await (await fetch(`${server.url}requests`)).json();
    await page.route("**/requests?**", (route) => {
      const url = new URL(route.request().url());
      const from = Number(url.searchParams.get("cursor") ?? 0);
      const to = from + Number(url.searchParams.get("limit"));
      return route.fulfill({ json: { requests: questions.slice(from, to), position, next_cursor: to < questions.length ? String(to) : null } });
    });
    await page.goto(inbox());
    await page.locator("#inbox-count", { hasText: "10,000 open questions" }).waitFor();
    assert.ok((await page.locator(".inbox-row").count()) < 60);
    await page.locator(".badge", { hasText: "99+" }).waitFor();
    await page.locator(".inbox-pane").evaluate((pane) => (pane.scrollTop = pane.scrollHeight));
    await row(page, "Question 10000?").waitFor();
    assert.ok((await page.locator(".inbox-row").count()) < 60);
    await shoot(page, "inbox-many");
  });
});
