// The page in a real browser, against the real server.
//
// CALLBOARD_BIN names the server (else the debug build), CHROMIUM the browser, SHOTS a folder for screenshots.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";
import { Server } from "./server.mjs";

const PATIENCE = 15_000;
const SHOTS = process.env.SHOTS;
const STEPS = ["Task started!", ...[1, 2, 3, 4, 5].map((step) => `Processing email step ${step}/5...`)];
/** What a browser says when the server is away, which some tests bring about. */
const AWAY = /WebSocket connection to|ERR_CONNECTION_REFUSED|ERR_SOCKET_NOT_CONNECTED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/;

let server;
let browser;

before(async () => {
  server = await Server.start();
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
  });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A test in a browser of its own; fails on any error that the browser reports, and on any request elsewhere. */
function inBrowser(name, options, body) {
  const { mayComplain = null, ...contextOptions } = options;
  test(name, { timeout: 120_000 }, async () => {
    const context = await browser.newContext(contextOptions);
    context.setDefaultTimeout(PATIENCE);
    const complaints = [];
    context.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    context.on("weberror", (error) => complaints.push(String(error.error())));
    context.on("request", (request) => new URL(request.url()).origin === new URL(server.url).origin || complaints.push(`asked for ${request.url()}`));
    try {
      await body(await context.newPage(), context);
      assert.deepEqual(complaints.filter((text) => !mayComplain?.test(text)), []);
    } finally {
      await context.close();
    }
  });
}

async function shoot(page, name) {
  if (!SHOTS) return;
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`), animations: "disabled" });
}

async function start(page, task, config = {}) {
  if (page.url() === "about:blank") await page.goto(server.url);
  await page.locator(`#task option[value="${task}"]`).waitFor({ state: "attached" });
  await page.selectOption("#task", task);
  await page.locator("#advanced").evaluate((details) => (details.open = true));
  await page.fill("#config", JSON.stringify(config));
  await page.click("#start-button");
}

const panel = (page, kind) => page.locator(`[data-kind="${kind}"]`);
const status = (page, words) => page.locator("#status", { hasText: words }).waitFor();

async function fillForm(page, address) {
  const form = panel(page, "input");
  await form.getByLabel(/subject/i).fill("Tonight");
  await form.getByLabel(/body/i).fill("Half past seven");
  await form.getByLabel(/address/i).fill(address);
  await form.getByRole("button", { name: "Send" }).click();
}

const linesOf = (page) => page.locator(".line .text").allTextContents();

/** Waits until the stream holds exactly these lines, numbered from 1. */
async function hasLines(page, expected) {
  await page.locator(".line .text", { hasText: expected.at(-1) }).last().waitFor();
  assert.deepEqual(await linesOf(page), expected);
  assert.deepEqual(await page.locator(".line .number").allTextContents(), expected.map((_, place) => String(place + 1)));
}

/** Takes a `long_running_task` up to its confirmation. */
async function upToConfirmation(page) {
  await fillForm(page, "crew@board.example");
  await panel(page, "retry").getByRole("button", { name: "Retry" }).click();
  await panel(page, "confirmation").waitFor();
}

describe("a session", () => {
  inBrowser("goes from start over form, error, retry and confirmation to its result", {}, async (page) => {
    await start(page, "long_running_task", { step_delay_ms: 20 });
    await panel(page, "input").waitFor();
    await status(page, "waiting for input");
    await shoot(page, "form-light");
    await fillForm(page, "not an address");
    const wrong = page.locator(".field.wrong");
    await wrong.locator(".field-error").waitFor();
    assert.equal(await wrong.count(), 1);
    assert.match(await wrong.locator("label").textContent(), /address/i);
    assert.notEqual(await wrong.locator(".field-error").textContent(), "");
    assert.equal(await wrong.locator("input").getAttribute("aria-invalid"), "true");
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
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await status(page, "completed");
    await page.locator("#outcome td", { hasText: "crew@board.example" }).waitFor();
    assert.equal(await page.locator(".request").count(), 0);
    await hasLines(page, STEPS);
    await page.locator("#connection", { hasText: "Ended" }).waitFor();
    assert.deepEqual(await page.locator(".toast").allTextContents(), []);
    await shoot(page, "result");
  });

  inBrowser("that is declined ends as cancelled", {}, async (page) => {
    await start(page, "long_running_task", { step_delay_ms: 1 });
    await upToConfirmation(page);
    await panel(page, "confirmation").getByRole("button", { name: "No" }).click();
    await status(page, "cancelled");
    await hasLines(page, [...STEPS, "Task cancelled by user."]);
  });

  inBrowser("that is given up fails", {}, async (page) => {
    await start(page, "long_running_task", { step_delay_ms: 1 });
    await fillForm(page, "crew@board.example");
    await panel(page, "retry").getByRole("button", { name: "Give up" }).click();
    await status(page, "failed");
    await page.locator("#outcome", { hasText: "Simulated task failure" }).waitFor();
    await shoot(page, "failed");
  });

  inBrowser("can be cancelled at its question", {}, async (page) => {
    await start(page, "long_running_task");
    await panel(page, "input").waitFor();
    await page.click("#cancel");
    await status(page, "cancelled");
    assert.equal(await page.locator(".request").count(), 0);
    assert.equal(await page.locator("#cancel").isVisible(), false);
    await page.locator('#recent a[aria-current] [data-status="cancelled"]').waitFor();
  });

  inBrowser("starts by chance where no task is chosen", {}, async (page) => {
    await page.goto(server.url);
    await page.click("#start-button");
    await page.locator("#session-title", { hasText: /^(long_running_task|simulate_streaming)$/ }).waitFor();
    await page.locator("#status:not([data-status='connecting'])").waitFor();
  });

  inBrowser("shows how far it is, and its stream can be cleared", {}, async (page) => {
    await start(page, "simulate_streaming", { steps: 400, step_delay_ms: 10 });
    await page.locator("#progress-label", { hasText: "of 400" }).waitFor();
    await page.locator(".line .number", { hasText: /^5$/ }).waitFor();
    await page.click("#clear");
    await page.locator(".line").first().waitFor();
    const numbers = (await page.locator(".line .number").allTextContents()).map(Number);
    assert.ok(numbers[0] > 5, `the numbers begin at ${numbers[0]}`);
    await page.click("#cancel");
    await status(page, "cancelled");
  });

  inBrowser("counts down where a question has a time limit", {}, async (page) => {
    await start(page, "approval", { timeout: 90, lines: 1 });
    await panel(page, "confirmation").locator(".countdown", { hasText: /^(8\d|90) s left$/ }).waitFor();
    await panel(page, "confirmation").getByRole("button", { name: "No" }).click();
    await page.locator("#outcome td", { hasText: "false" }).waitFor();
  });
});

describe("leaving and coming back", () => {
  inBrowser("a reload in mid-form keeps the form and what was typed, and doubles no line", {}, async (page) => {
    await start(page, "long_running_task", { step_delay_ms: 1 });
    const id = await panel(page, "input").getAttribute("data-request");
    await panel(page, "input").getByLabel(/subject/i).fill("A draft");
    await page.reload();
    await panel(page, "input").waitFor();
    assert.equal(await panel(page, "input").getAttribute("data-request"), id);
    assert.equal(await panel(page, "input").getByLabel(/subject/i).inputValue(), "A draft");
    await hasLines(page, STEPS.slice(0, 1));
    await upToConfirmation(page);
    await page.reload();
    await panel(page, "confirmation").waitFor();
    await hasLines(page, STEPS);
    assert.equal(await page.locator(".request").count(), 1);
  });

  inBrowser("a server that is killed at the question has it again", { mayComplain: AWAY }, async (page) => {
    await start(page, "long_running_task", { step_delay_ms: 1 });
    const id = await panel(page, "input").getAttribute("data-request");
    await panel(page, "input").getByLabel(/body/i).fill("Typed before");
    await server.kill("SIGKILL");
    await page.locator("#connection", { hasText: /Reconnecting in \d+ s|Connecting/ }).waitFor();
    assert.equal(await panel(page, "input").getByRole("button", { name: "Send" }).isDisabled(), true);
    await page.locator("#trouble").waitFor();
    await shoot(page, "reconnecting");
    await server.up();
    await page.locator("#connection", { hasText: "Live" }).waitFor({ timeout: 40_000 });
    assert.equal(await panel(page, "input").getAttribute("data-request"), id);
    assert.equal(await panel(page, "input").getByLabel(/body/i).inputValue(), "Typed before");
    await upToConfirmation(page);
    await panel(page, "confirmation").getByRole("button", { name: "Yes" }).click();
    await status(page, "completed");
    await hasLines(page, STEPS);
  });

  inBrowser("two tabs agree, and the second hears that the first has answered", {}, async (page, context) => {
    await start(page, "long_running_task", { step_delay_ms: 1 });
    await panel(page, "input").waitFor();
    const other = await context.newPage();
    await other.goto(page.url());
    await panel(other, "input").waitFor();
    await fillForm(page, "crew@board.example");
    await other.locator(".toast", { hasText: "Answered elsewhere" }).waitFor();
    await panel(other, "retry").waitFor();
    assert.equal(await panel(other, "input").count(), 0);
    await panel(other, "retry").getByRole("button", { name: "Retry" }).click();
    await panel(page, "confirmation").getByRole("button", { name: "Yes" }).click();
    for (const tab of [page, other]) {
      await status(tab, "completed");
      await hasLines(tab, STEPS);
    }
    assert.deepEqual(await page.locator("#outcome td").allTextContents(), await other.locator("#outcome td").allTextContents());
  });

  inBrowser("a session that nobody knows is said to be unknown", {}, async (page) => {
    await page.goto(`${server.url}#/s/00000000-0000-4000-8000-000000000000`);
    await page.locator("#trouble", { hasText: "knows no session" }).waitFor();
    await page.locator("#connection", { hasText: "Disconnected" }).waitFor();
  });

  inBrowser("recent sessions open from the list, and back goes back", {}, async (page) => {
    await start(page, "approval", { lines: 1 });
    await panel(page, "confirmation").waitFor();
    const first = page.url();
    await start(page, "approval", { lines: 2 });
    await page.waitForURL((url) => url.href !== first);
    await page.locator(`#recent a[href="${new URL(first).hash}"]`).click();
    await page.waitForURL(first);
    await panel(page, "confirmation").waitFor();
    assert.equal(await page.locator(".request").count(), 1);
    await page.goBack();
    await page.waitForURL((url) => url.href !== first);
    await panel(page, "confirmation").waitFor();
  });
});

describe("many lines", () => {
  inBrowser("twenty thousand lines leave only a few on the page", {}, async (page) => {
    await start(page, "simulate_streaming", { steps: 20_000, step_delay_ms: 0 });
    await page.locator("#status", { hasText: "completed" }).waitFor({ timeout: 90_000 });
    await page.locator("#stream-count", { hasText: "20,000 lines" }).waitFor();
    await page.locator(".line .number", { hasText: /^20000$/ }).waitFor();
    assert.ok((await page.locator(".line").count()) < 120);
    await page.locator("#stream").evaluate((pane) => (pane.scrollTop = 0));
    await page.locator(".line .text", { hasText: "Step 1/20000 completed" }).waitFor();
    await page.getByRole("button", { name: "To the end" }).click();
    await page.locator(".line .number", { hasText: /^20000$/ }).waitFor();
    await page.reload();
    await page.locator("#stream-count", { hasText: "20,000 lines" }).waitFor({ timeout: 60_000 });
  });
});

/** A page whose session's socket is played by `speak(socket, connection number)`. */
async function played(page, speak) {
  const urls = [];
  await page.routeWebSocket(/\/ws\//, (socket) => {
    urls.push(new URL(socket.url()).search);
    speak({
      tell: (message) => socket.send(JSON.stringify(message)),
      close: (code) => socket.close({ code, reason: "" }),
      hear: (heard) => socket.onMessage((text) => heard(JSON.parse(text))),
    }, urls.length);
  });
  await page.goto(`${server.url}#/s/11111111-1111-4111-8111-111111111111`);
  return urls;
}

const NOT_FOUND = /404/;
const opening = (count, last_seq) => ({ type: "state_replay_start", message: "", count, dropped: 0, last_seq });
const CLOSING = { type: "state_replay_complete", message: "" };
const line = (seq) => ({ type: "stream", content: `line ${seq}`, seq, timestamp: Date.now() / 1000 });

describe("the connection", () => {
  inBrowser("comes back from where it was after a code below 4500, and stays away after one above", { mayComplain: NOT_FOUND }, async (page) => {
    const urls = await played(page, (socket, number) => {
      const since = (number - 1) * 2;
      socket.tell(opening(number > 1 ? 1 : 0, since));
      // The server repeats one line, which must not double.
      if (number > 1) socket.tell(line(since));
      socket.tell(CLOSING);
      socket.tell(line(since + 1));
      socket.tell(line(since + 2));
      setTimeout(() => socket.close([4410, 1001, 4509][number - 1]), 100);
    });
    await page.locator("#trouble", { hasText: "An operator closed the connection." }).waitFor();
    await hasLines(page, [1, 2, 3, 4, 5, 6].map((seq) => `line ${seq}`));
    assert.deepEqual(urls, ["?since=0", "?since=2", "?since=4"]);
    await page.getByRole("button", { name: "Reconnect now" }).click();
    await page.locator("#connection", { hasText: "Live" }).waitFor();
    assert.equal(urls.length, 4);
  });

  inBrowser("asks again for messages that are missing", { mayComplain: NOT_FOUND }, async (page) => {
    const urls = await played(page, (socket, number) => {
      socket.tell(opening(0, number === 1 ? 0 : 2));
      socket.tell(CLOSING);
      for (const seq of number === 1 ? [1, 2, 4, 5] : [3, 4, 5]) socket.tell(line(seq));
    });
    await hasLines(page, [1, 2, 3, 4, 5].map((seq) => `line ${seq}`));
    assert.deepEqual(urls, ["?since=0", "?since=2"]);
  });

  inBrowser("says that it replays", { mayComplain: NOT_FOUND }, async (page) => {
    await played(page, (socket) => {
      socket.tell(opening(1234, 1234));
      socket.tell(line(1));
    });
    await page.locator("#replay", { hasText: "Replaying 1,234 messages" }).waitFor();
  });
});

describe("a form", () => {
  const FIELDS = [
    { name: "title", type: "string", min_length: 2, max_length: 20, pattern: "[a-z]+", value: "abc" },
    { name: "notes", type: "text", required: false },
    { name: "seats", type: "integer", min: 1, max: 9 },
    { name: "price", type: "number" },
    { name: "open", type: "boolean", value: true },
    { name: "row", type: "select", choices: ["front", "back"] },
    { name: "props", type: "multiselect", choices: ["lamp", "chair", 3], value: ["lamp"] },
    { name: "mail", type: "email" },
    { name: "site", type: "url", required: false },
    { name: "day", type: "date" },
    { name: "at", type: "datetime" },
    { name: "code", type: "secret" },
  ].map((field) => ({ description: `The ${field.name}`, required: true, value: null, ...field }));

  inBrowser("has the right control for each type of field and sends each value as its type", { mayComplain: NOT_FOUND, timezoneId: "Europe/Vienna" }, async (page) => {
    let answer;
    const answered = new Promise((resolve) => (answer = resolve));
    await played(page, (socket) => {
      socket.hear((message) => message.type === "user_input" && answer(message));
      socket.tell(opening(0, 0));
      socket.tell(CLOSING);
      socket.tell({ type: "request_user_input", request_id: "22222222-2222-4222-8222-222222222222", fields: FIELDS, seq: 1, timestamp: 1 });
    });
    const form = panel(page, "input");
    await form.waitFor();
    const types = await form.locator("input:not([type=checkbox])").evaluateAll((inputs) => inputs.map((one) => `${one.name} ${one.type}`));
    assert.deepEqual(types, ["title text", "seats number", "price number", "mail email", "site url", "day date", "at datetime-local", "code password"]);
    assert.equal(await form.getByLabel("The title").getAttribute("pattern"), "[a-z]+");
    assert.equal(await form.getByLabel("The seats").getAttribute("max"), "9");
    await form.getByLabel("The seats").fill("4");
    await form.getByLabel("The price").fill("12.5");
    await form.getByLabel("The row").selectOption({ label: "back" });
    await form.getByLabel("3").check();
    await form.getByLabel("The mail").fill("a@b.example");
    await form.getByLabel("The day").fill("2026-11-20");
    await form.getByLabel("The at").fill("2026-11-20T19:30:00");
    await form.getByLabel("The code").fill("hush");
    await shoot(page, "every-field");
    assert.doesNotMatch(await page.evaluate(() => JSON.stringify(sessionStorage)), /hush/);
    await form.getByRole("button", { name: "Send" }).click();
    const { request_id, values } = await answered;
    assert.equal(request_id, "22222222-2222-4222-8222-222222222222");
    assert.deepEqual(values, {
      title: "abc", seats: 4, price: 12.5, open: true, row: "back", props: ["lamp", 3], mail: "a@b.example",
      day: "2026-11-20", at: "2026-11-20T18:30:00.000Z", code: "hush",
    });
  });
});

describe("starting", () => {
  inBrowser("says what is wrong with a configuration", { mayComplain: /422/ }, async (page) => {
    await start(page, "long_running_task", { nonsense: 1 });
    await page.locator("#start-error", { hasText: "config.nonsense" }).waitFor();
    await page.fill("#config", "{oops");
    await page.click("#start-button");
    await page.locator("#start-error", { hasText: "is not JSON" }).waitFor();
    assert.equal(new URL(page.url()).hash, "");
  });
});

describe("looks", () => {
  const PHONE = { viewport: { width: 375, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

  inBrowser("fit on a phone", PHONE, async (page) => {
    const fits = async (name) => {
      await shoot(page, name);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is wider than the screen`);
    };
    await page.goto(server.url);
    await page.locator("#task option").nth(1).waitFor({ state: "attached" });
    await fits("phone-home");
    await start(page, "long_running_task", { step_delay_ms: 1 });
    await panel(page, "input").waitFor();
    await fits("phone-form");
    await upToConfirmation(page);
    await fits("phone-confirm");
    const box = await panel(page, "confirmation").boundingBox();
    assert.ok(box.y >= 50 && box.y + box.height <= 740, `the question is out of sight: ${JSON.stringify(box)}`);
  });

  inBrowser("follow the system's dark scheme", { colorScheme: "dark" }, async (page) => {
    await page.goto(server.url);
    await shoot(page, "home-dark");
    await start(page, "long_running_task", { step_delay_ms: 1 });
    await upToConfirmation(page);
    await shoot(page, "confirm-dark");
    const [red] = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g));
    assert.ok(Number(red) < 60);
  });

  inBrowser("need no mouse", {}, async (page) => {
    await page.goto(server.url);
    await page.locator('#task option[value="approval"]').waitFor({ state: "attached" });
    const focused = () => page.evaluate(() => document.activeElement?.id);
    for (let tab = 0; (await focused()) !== "task" && tab < 12; tab += 1) await page.keyboard.press("Tab");
    await page.keyboard.type("approval");
    for (let tab = 0; (await focused()) !== "start-button" && tab < 12; tab += 1) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await panel(page, "confirmation").waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await status(page, "completed");
  });
});
