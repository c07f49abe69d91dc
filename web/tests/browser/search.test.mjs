// Finding sessions: by words, in a time range, with counts on the filters, and in the palette.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { accessible, home, inBrowser, server, shoot, withServer } from "./support.mjs";

withServer();

async function start(message, labels = {}) {
  const body = JSON.stringify({ task: "approval", config: { message }, labels });
  const answer = await fetch(`${server.url}start-task`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  return (await answer.json()).session_id;
}

/** Waits until the server finds so many sessions by these words. */
async function found(words, count) {
  for (;;) {
    const page = await (await fetch(`${server.url}sessions?q=${encodeURIComponent(words)}&limit=1000`)).json();
    if (page.complete && page.sessions.length === count) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const counted = (page, title) => page.locator(".chip", { hasText: title }).locator(".chip-count");

describe("sessions", () => {
  inBrowser("are found by the words of their question, and counted on the filters", {}, async (page) => {
    const invoice = await start("Pay invoice 17 of Müller?", { team: "crimson" });
    const draft = await start("Publish the draft?", { team: "crimson" });
    await start("Send the parcel?");
    await found("crimson", 2);
    await page.goto(home());
    await page.locator(`.row a[href*="${draft}"]`).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("muller inv");
    await page.waitForURL(/q=muller/);
    await page.locator(`.row a[href*="${invoice}"]`).waitFor();
    await page.locator(`.row a[href*="${draft}"]`).waitFor({ state: "detached" });
    assert.equal(await page.locator(".rows .row").count(), 1);
    await counted(page, "All").filter({ hasText: /^1$/ }).waitFor();
    assert.equal(await page.locator(".notice").count(), 0);
    await shoot(page, "found");
    await accessible(page, "found");
    await page.getByRole("searchbox", { name: "Search sessions" }).fill("crimson");
    await page.locator(`.row a[href*="${draft}"]`).waitFor();
    await counted(page, "Waiting for people").filter({ hasText: /^2$/ }).waitFor();
    await fetch(`${server.url}sessions/${draft}/confirm`, { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"value": true}' });
    await counted(page, "Completed").filter({ hasText: /^1$/ }).waitFor();
    await counted(page, "Waiting for people").filter({ hasText: /^1$/ }).waitFor();
    await page.locator(".chip", { hasText: "Completed" }).click();
    await page.locator(`.row a[href*="${invoice}"]`).waitFor({ state: "detached" });
    await page.getByLabel("Started").selectOption("1h");
    await page.waitForURL(/range=1h/);
    await page.locator(`.row a[href*="${draft}"]`).waitFor();
    await page.getByRole("searchbox", { name: "Search sessions" }).fill("nowhere");
    await page.getByRole("heading", { name: "Nothing found for “nowhere”" }).waitFor();
    await page.getByRole("searchbox", { name: "Search sessions" }).press("Escape");
    await page.locator(`.row a[href*="${draft}"]`).waitFor();
  });

  inBrowser("are sorted by a click on a column, which the address keeps", {}, async (page) => {
    const [first, second] = [await start("First?", { sorted: "yes" }), await start("Second?", { sorted: "yes" })];
    await fetch(`${server.url}sessions/${second}/confirm`, { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"value": false}' });
    await page.goto(`${home()}?label=sorted=yes`);
    const listed = (...ids) => page.waitForFunction((wanted) => [...document.querySelectorAll(".row .row-name a")].map(({ pathname }) => pathname.split("/").at(-1)).join() === wanted, ids.join());
    await listed(second, first);
    await page.locator(`.row[data-waiting] a[href*="${first}"]`).waitFor();
    await page.getByRole("button", { name: "Status" }).click();
    await page.waitForURL(/sort=status/);
    await listed(first, second);
    assert.equal(await page.getByRole("columnheader", { name: "Status" }).getAttribute("aria-sort"), "ascending");
    await accessible(page, "sorted");
    await page.reload();
    await listed(first, second);
    await page.keyboard.press("j");
    await page.waitForURL(new RegExp(first));
  });

  inBrowser("stay below the filters when the list is scrolled, and the open one is in sight", {}, async (page) => {
    const ids = await Promise.all(Array.from({ length: 30 }, (_, place) => start(`Scroll ${place}?`, { scrolled: "yes" })));
    const under = (selector) => page.evaluate((one) => document.querySelector(one).getBoundingClientRect().top, selector);
    await page.goto(`${home()}?label=scrolled=yes`);
    await page.locator(".row").nth(29).waitFor();
    await page.locator(".list").evaluate((list) => list.scrollTo(0, 300));
    assert.equal(await under(".rows-head"), await page.locator(".list-head").evaluate((head) => head.getBoundingClientRect().bottom));
    // The one that was started first is the last in the list.
    await page.goto(`${home()}/${ids[0]}?label=scrolled=yes`);
    await page.waitForFunction(() => {
      const [row, list, head] = [".row[data-open]", ".list", ".list-head"].map((one) => document.querySelector(one)?.getBoundingClientRect());
      return row && row.top >= head.bottom && row.bottom <= list.bottom;
    });
  });

  inBrowser("are found in the palette by their questions", {}, async (page) => {
    const id = await start("Shall the zeppelin land?");
    await found("zeppelin", 1);
    await page.goto(home());
    await page.locator(`.row a[href*="${id}"]`).waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "Search commands and sessions" }).fill("zepp land");
    const option = page.getByRole("option", { name: new RegExp(`Sessions.*Needs approval · ${id.slice(0, 8)}`) });
    await option.waitFor();
    await shoot(page, "palette-search");
    await option.click();
    await page.waitForURL(new RegExp(id));
  });
});
