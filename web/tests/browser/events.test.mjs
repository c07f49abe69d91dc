// The events' table against a server that is played.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { busy, event, PlayedEvents } from "./playedEvents.mjs";
import { AWAY, inBrowser, PHONE, pill, server, shoot, withServer } from "./support.mjs";

withServer();

const ID = "11111111-1111-4111-8111-111111111111";
const address = (query = "") => `${server.url}app/events${query}`;
const row = (page, text) => page.locator(".event", { hasText: text });
const typed = (page, type) => page.locator(`.event[data-type="${type}"]`);
const rows = (page, count) => page.locator("#event-count", { hasText: new RegExp(`^${count} rows?$`) }).waitFor();
const custom = (from, to) => Array.from({ length: to - from + 1 }, (_, place) => event(`custom.n${from + place}`));
const types = (page) => page.locator(".event .event-type code").allTextContents();

async function open(page, played, query = "") {
  await played.on(page);
  await page.goto(address(query));
  await pill(page, "Live").waitFor();
  await page.getByRole("heading", { name: "Events", exact: true }).waitFor();
}

async function accessible(page, place) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const told = violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id, nodes }) => `${place}: ${id} ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("\n")}`);
  assert.deepEqual(told, []);
}

describe("the table of events", () => {
  inBrowser("shows the newest of the log, then what happens, each once", {}, async (page) => {
    const played = new PlayedEvents();
    played.keep(custom(1, 3));
    await open(page, played);
    await rows(page, 3);
    const [fourth] = played.keep(custom(4, 4));
    played.tell([fourth]);
    played.tell([event("execution.progress", { data: { done: 1, total: 2 } })]);
    await rows(page, 5);
    assert.deepEqual(await types(page), ["custom.n1", "custom.n2", "custom.n3", "custom.n4", "execution.progress"]);
    await row(page, "1 of 2").waitFor();
    assert.equal(played.opened[0].get("subscriptions"), "*");
    await page.getByText("This is the beginning of the log.").waitFor();
  });

  inBrowser("says what to do where nothing has happened yet", {}, async (page) => {
    const played = new PlayedEvents();
    await open(page, played);
    await page.getByRole("heading", { name: "Nothing has happened yet" }).waitFor();
    await shoot(page, "events-empty");
    await page.locator(".events-empty").getByRole("button", { name: "Send an event" }).click();
    await page.getByLabel("Type", { exact: true }).fill("custom.hello");
    await page.getByLabel("Data, as JSON").fill("{oops");
    await page.getByRole("button", { name: "Send the event" }).click();
    await page.locator(".field-error", { hasText: "not JSON" }).waitFor();
    await page.getByLabel("Data, as JSON").fill('{"a": [1, 2, {"b": null}]}');
    await page.getByLabel("Priority", { exact: true }).selectOption("high");
    await shoot(page, "events-send");
    await page.getByRole("button", { name: "Send the event" }).click();
    await row(page, "custom.hello").waitFor();
    assert.deepEqual(played.posted, [{ type: "custom.hello", data: { a: [1, 2, { b: null }] }, priority: "high" }]);
  });

  inBrowser("says beside the field what the server refuses of an event", { mayComplain: /422/ }, async (page) => {
    const played = new PlayedEvents();
    await open(page, played);
    played.refusal = { status: 422, code: "invalid_body", title: "Invalid", errors: [{ loc: ["body", "data", "order"], msg: "is not a number", type: "type" }] };
    await page.keyboard.press("n");
    await page.getByLabel("Type", { exact: true }).fill("custom.orders");
    await page.getByText("An order has come in").waitFor();
    await page.getByRole("button", { name: "Send the event" }).click();
    await page.locator(".field-error", { hasText: "order: is not a number" }).waitFor();
    assert.deepEqual(played.posted, []);
  });

  inBrowser("asks the server for what the address says, and the reader for nothing that the server cannot know", {}, async (page) => {
    const played = new PlayedEvents();
    played.keep([...busy(28, ID), event("execution.failed", { execution_id: ID, crew_id: "red" })]);
    await open(page, played, `?type=execution.*&priority=high&execution=${ID}&crew=red`);
    await rows(page, 1);
    assert.equal(played.opened[0].get("subscriptions"), "execution.*");
    assert.deepEqual(played.said, [{ action: "set_filter", filter: { min_priority: "high", execution_id: ID, crew_id: "red" } }]);
    await page.getByRole("button", { name: "Reset" }).click();
    await rows(page, 29);
    await page.getByRole("button", { name: "Custom" }).click();
    await page.waitForURL(/type=custom\.\*$/);
    await rows(page, 2);
    assert.equal(played.opened.at(-1).get("subscriptions"), "custom.*");
    await page.goBack();
    await rows(page, 29);
    await page.getByLabel(/^Types/).fill("nope.*");
    await page.keyboard.press("Enter");
    await page.getByText("There are no events of type nope.*").waitFor();
    assert.equal(played.opened.length, 4);
  });

  inBrowser("is used by the keyboard: choose, inspect, search, pause", {}, async (page) => {
    const played = new PlayedEvents();
    played.keep(busy(28, ID));
    await open(page, played);
    await rows(page, 28);
    await page.keyboard.press("k");
    await page.getByRole("complementary", { name: "Event execution.completed" }).waitFor();
    await page.keyboard.press("k");
    await page.keyboard.press("k");
    await page.getByRole("complementary", { name: "Event execution.failed" }).getByText('"Simulated task failure"').waitFor();
    await page.keyboard.press("j");
    await page.getByRole("complementary", { name: "Event system.error" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("complementary").waitFor({ state: "detached" });
    await page.keyboard.press("/");
    await page.keyboard.type("lamp");
    await page.locator(".hits", { hasText: "2 of 28" }).waitFor();
    await page.waitForURL(/find=lamp/);
    await page.keyboard.press("Escape");
    await page.locator("h1").click();
    await page.keyboard.press(" ");
    await page.getByText("Paused, nothing new").waitFor();
    played.keep(custom(1, 3));
    await page.getByText("Paused, 3 new").waitFor();
    await rows(page, 28);
    await page.keyboard.press(" ");
    await rows(page, 31);
    await row(page, "custom.n3").waitFor();
  });

  inBrowser("stays where the reader is, and says how many are new", {}, async (page) => {
    const played = new PlayedEvents();
    played.keep(custom(1, 150));
    await open(page, played);
    await rows(page, 150);
    await row(page, "custom.n150").waitFor();
    await page.locator(".event-pane").hover();
    await page.mouse.wheel(0, -1500);
    await page.locator(".event", { hasText: "custom.n90" }).waitFor();
    const at = () => page.locator(".event-pane").evaluate((pane) => pane.scrollTop);
    const before = await at();
    played.keep(custom(151, 162));
    await page.getByRole("button", { name: "12 new" }).click();
    assert.ok((await at()) > before);
    await row(page, "custom.n162").waitFor();
    await page.getByRole("button", { name: /new$/ }).waitFor({ state: "detached" });
  });

  inBrowser("loads older events, and stays at the same row", {}, async (page) => {
    const played = new PlayedEvents();
    played.keep(custom(1, 450));
    await open(page, played);
    await rows(page, 200);
    await page.locator(".event-pane").hover();
    await page.mouse.wheel(0, -20_000);
    await typed(page, "custom.n251").waitFor();
    await page.getByRole("button", { name: "Load older events" }).click();
    await rows(page, 400);
    await typed(page, "custom.n251").waitFor();
    await page.keyboard.press("o");
    await rows(page, 450);
    await page.locator(".event-pane").evaluate((pane) => (pane.scrollTop = 0));
    await typed(page, "custom.n1").waitFor();
    await page.getByText("This is the beginning of the log.").waitFor();
  });

  inBrowser("exports what is shown, one event a line", {}, async (page) => {
    const played = new PlayedEvents();
    played.keep(busy(28, ID));
    await open(page, played, "?find=lamp");
    await page.locator(".hits", { hasText: "2 of 28" }).waitFor();
    const [file] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("s")]);
    assert.equal(file.suggestedFilename(), "events.ndjson");
    const chunks = [];
    for await (const chunk of await file.createReadStream()) chunks.push(chunk);
    const lines = Buffer.concat(chunks).toString().trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(lines.map(({ type }) => type), ["custom.orders.paid", "custom.orders.paid"]);
  });
});

describe("gaps", () => {
  inBrowser("comes back from where it was; what is kept is made up for, what is lost is said", { mayComplain: AWAY }, async (page) => {
    const played = new PlayedEvents();
    played.keep(custom(1, 3));
    await open(page, played);
    await rows(page, 3);
    played.close(1001, "retry in 300 ms");
    await pill(page, "Reconnecting").waitFor();
    played.keep(custom(4, 5), { silent: true });
    await rows(page, 6);
    assert.equal(played.opened.at(-1).get("since"), "aurora:3");
    await page.locator('.gap[data-why="break"]', { hasText: "Not connected between" }).waitFor();

    played.close(4410, "retry in 300 ms");
    played.keep(custom(6, 25), { silent: true });
    played.forget(18);
    await page.locator('.gap[data-why="too_old"]', { hasText: /^12 events were missed between \d\d:.* and \d\d:.*: the log no longer keeps them/ }).waitFor();
    await row(page, "custom.n25").waitFor();
    assert.deepEqual((await types(page)).slice(-9), ["custom.n5", ...custom(18, 25).map(({ type }) => type)]);
    await shoot(page, "events-gaps");

    played.close(1006);
    Object.assign(played, { epoch: "borealis", events: [], first: 1, last: 0 });
    await page.locator('.gap[data-why="new_log"]').waitFor({ timeout: 30_000 });
    played.keep(custom(90, 90));
    await row(page, "custom.n90").waitFor();
  });

  inBrowser("reads what does not come by itself from the log, and says what the log has not", { mayComplain: /ERR_FAILED/ }, async (page) => {
    const played = new PlayedEvents();
    played.keep(custom(1, 2));
    await open(page, played);
    await rows(page, 2);
    played.keep(custom(3, 4), { silent: true });
    played.keep(custom(5, 5));
    await row(page, "custom.n5").waitFor();
    await rows(page, 5);
    assert.deepEqual(await types(page), custom(1, 5).map(({ type }) => type));
    // What is urgent overtakes: nothing is missing.
    const kept = played.keep([event("custom.slow"), event("custom.fast", { priority: "high" })], { silent: true });
    played.tell([kept[1]]);
    played.tell([kept[0]]);
    await rows(page, 7);
    assert.equal(await page.locator(".gap").count(), 0);
    await page.route("**/api/v1/events?*", (route) => route.abort());
    played.last += 12;
    played.keep(custom(20, 20));
    await page.locator('.gap[data-why="missing"]', { hasText: "12 events were missed" }).waitFor();
    played.tell([event("connection.heartbeat", { data: { last_seq: played.last, dropped: 7 } })]);
    await page.locator('.gap[data-why="dropped"]', { hasText: "7 events were dropped" }).waitFor();
  });
});

describe("a hundred thousand events", () => {
  inBrowser("leave only a few on the page, and are searched", {}, async (page) => {
    const played = new PlayedEvents();
    await page.addInitScript(() => localStorage.setItem("callboard-events-rows", "100000"));
    await open(page, played);
    await page.evaluate(() => {
      window.longest = 0;
      let before = performance.now();
      const look = (now) => {
        window.longest = Math.max(window.longest, now - before);
        before = now;
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    for (let sent = 0; sent < 100; sent += 1) {
      played.keep(busy(1000, ID));
      played.events = [];
      await page.waitForTimeout(10);
    }
    await rows(page, "100,000");
    console.log(`longest frame while 100,000 came: ${await page.evaluate(() => Math.round(window.longest))} ms`);
    assert.ok((await page.locator(".event").count()) < 80);
    await page.evaluate(() => (window.longest = 0));
    played.keep(custom(1, 5));
    await row(page, "custom.n5").waitFor();
    await rows(page, "100,000");
    await page.locator(".event-pane").hover();
    for (let turn = 0; turn < 20; turn += 1) await page.mouse.wheel(0, -5000);
    await page.getByRole("button", { name: "Follow the latest" }).waitFor();
    console.log(`longest frame while scrolling: ${await page.evaluate(() => Math.round(window.longest))} ms`);
    await page.getByLabel("Search loaded events").fill("lamp");
    await page.locator(".hits", { hasText: "7,100 of 100,000" }).waitFor();
    await shoot(page, "events-many");
    await page.getByLabel("Rows to keep").selectOption("1000");
    await rows(page, "1,000");
    await page.locator(".hits", { hasText: /^7\d of 1,000$/ }).waitFor();
  });
});

describe("how it looks", () => {
  for (const colorScheme of ["light", "dark"]) {
    inBrowser(`has no serious findings of axe in the ${colorScheme} theme`, { colorScheme, reducedMotion: "reduce", mayComplain: /410/ }, async (page) => {
      const played = new PlayedEvents();
      played.keep(busy(60, ID));
      await open(page, played);
      await rows(page, 60);
      played.last += 12;
      played.forget(played.last);
      played.keep(busy(14, ID));
      await page.locator(".gap").waitFor();
      await shoot(page, `events-${colorScheme}`);
      await accessible(page, "table");
      await row(page, "custom.orders.paid").last().click();
      await page.getByRole("complementary").waitFor();
      await shoot(page, `events-payload-${colorScheme}`);
      await accessible(page, "payload");
      await page.keyboard.press("n");
      await page.getByRole("button", { name: "Send the event" }).click();
      await page.locator(".field-error").waitFor();
      await accessible(page, "send");
      await page.keyboard.press("Escape");
      await page.goto(address("?type=nope"));
      await page.getByText("There are no events of type nope").waitFor();
      await accessible(page, "wrong");
    });
  }

  inBrowser("fits on a phone", PHONE, async (page) => {
    const fits = async (name) => {
      await shoot(page, name);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is wider than the screen`);
      await accessible(page, name);
    };
    const played = new PlayedEvents();
    played.keep(busy(40, ID));
    await open(page, played);
    await rows(page, 40);
    await row(page, "execution.completed").last().waitFor();
    await fits("phone-events");
    await page.getByRole("button", { name: "More filters" }).tap();
    await page.getByLabel("Crew").waitFor();
    await fits("phone-filters");
    await page.getByRole("button", { name: "Fewer filters" }).tap();
    await row(page, "system.error").last().tap();
    await page.getByRole("complementary").waitFor();
    await fits("phone-event");
    await page.getByRole("button", { name: "Close the event" }).tap();
    await page.getByRole("button", { name: "Send an event" }).tap();
    await fits("phone-send");
  });
});
