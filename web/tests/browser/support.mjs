// What every test in the browser needs: the server, the browser, and steps that many tests take.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";
import { Server } from "./server.mjs";

const PATIENCE = 15_000;
const SHOTS = process.env.SHOTS;
/** With LATE=http or LATE=ws answers or messages come up to LATE_MS late: what the page makes of either being first. */
const LATE = process.env.LATE;
const LATE_MS = Number(process.env.LATE_MS ?? 300);
export const STEPS = ["Task started!", ...[1, 2, 3, 4, 5].map((step) => `Processing email step ${step}/5...`)];
/** What a browser says when the server is away or went away in the middle of an answer, which some tests bring about. */
export const AWAY = /WebSocket connection to|net::ERR_(CONNECTION_|SOCKET_NOT_CONNECTED|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING|CONTENT_LENGTH_MISMATCH)/;
export const PHONE = { viewport: { width: 375, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

export let server;
let browser;

/**
 * Starts the server and the browser before the tests of a file, and ends them after; `settings` gives its configuration,
 * and `prepare` fills it; with `isEncrypted` among the options it speaks TLS.
 */
export function withServer(settings = async () => "", prepare = async () => undefined, options = {}) {
  before(async () => {
    server = await Server.start(await settings(), options);
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
    });
    await prepare();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
}

/** A test in a browser of its own; fails on any error that the browser reports, and on any request elsewhere. */
export function inBrowser(name, options, body) {
  const { mayComplain = null, isPrompt = false, ...contextOptions } = options;
  test(name, { timeout: 180_000 }, async () => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ignoreHTTPSErrors: server.isEncrypted, ...contextOptions });
    context.setDefaultTimeout(PATIENCE);
    if (LATE === "http") await context.route(/\/(api|[a-z]+-task)\b/, answerLate);
    // What delays messages holds all of them in memory.
    if (LATE === "ws" && !isPrompt) await context.routeWebSocket(/\/ws/, tellLate);
    const complaints = [];
    context.on("console", (message) => message.type() === "error" && complaints.push(`${message.text()} ${message.location().url}`));
    context.on("weberror", (error) => complaints.push(String(error.error())));
    context.on("request", (request) => /^(blob|data):/.test(request.url()) || new URL(request.url()).origin === new URL(server.url).origin || complaints.push(`asked for ${request.url()}`));
    try {
      await body(await context.newPage(), context);
      assert.deepEqual(complaints.filter((text) => !mayComplain?.test(text)), []);
    } finally {
      await context.close();
      // A test that fails while the server is killed takes none of the others along.
      if (!server.isUp) await server.up();
    }
  });
}

const late = () => new Promise((done) => setTimeout(done, Math.random() * LATE_MS));

async function answerLate(route) {
  const { accept = "" } = await route.request().allHeaders();
  try {
    if (accept.includes("event-stream")) return await route.continue();
    const response = await route.fetch({ maxRedirects: 0 });
    await late();
    await route.fulfill({ response });
  } catch {
    await route.abort().catch(() => undefined);
  }
}

function tellLate(socket) {
  const server = socket.connectToServer();
  let held = [];
  const tell = (what) => {
    held.push(what);
    if (held.length > 1) return;
    void late().then(() => held.splice(0).forEach((one) => one()));
  };
  server.onMessage((message) => tell(() => socket.send(message)));
  server.onClose((code, reason) => tell(() => socket.close({ code, reason })));
}

/** Keeps a picture, where SHOTS names a folder for them. */
export async function shoot(page, name) {
  if (!SHOTS) return;
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`), animations: "disabled" });
}

/** Fails where axe finds anything from moderate on, once the colours have stopped fading from one to the other. */
export async function accessible(page, place) {
  await page.evaluate(() => Promise.allSettled(document.getAnimations().filter((one) => one instanceof CSSTransition).map((one) => one.finished)));
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.filter(({ impact }) => impact !== "minor");
  assert.deepEqual(found.map(({ id, nodes }) => `${place}: ${id} ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("\n")}`), []);
}

export const home = () => `${server.url}app/tasks`;

/** Starts a task over HTTP and opens it. */
export async function open(page, task, config = {}, tab = "") {
  const answer = await fetch(`${server.url}start-task`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ task, config }) });
  const { session_id } = await answer.json();
  await page.goto(`${home()}/${session_id}${tab}`);
  return session_id;
}

/** The panel of an open question. */
export const panel = (page, kind) => page.locator(`.question[data-kind="${kind}"]`);
/** Waits until the open session stands so. */
export const status = (page, words) => page.locator(".session-line .status", { hasText: words }).waitFor();
export const pill = (page, words) => page.locator("#connection", { hasText: words });

export async function fillForm(page, address) {
  const form = panel(page, "input");
  await form.getByLabel(/subject/i).fill("Tonight");
  await form.getByLabel(/body/i).fill("Half past seven");
  await form.getByLabel(/address/i).fill(address);
  await form.getByRole("button", { name: "Send" }).click();
}

/** Cancels the open session, and says so once more when asked. */
export async function cancel(page) {
  await page.click("#cancel");
  await page.getByRole("dialog").getByRole("button", { name: "Cancel it" }).click();
}

/** Waits until the output holds exactly these lines, numbered from 1. */
export async function hasLines(page, expected) {
  const number = page.locator(".line .number");
  await number.filter({ hasText: new RegExp(`^${expected.length}$`) }).waitFor();
  assert.deepEqual(await page.locator(".line .text").allTextContents(), expected);
  assert.deepEqual(await number.allTextContents(), expected.map((_, place) => String(place + 1)));
  assert.equal(await page.locator("#line-count").textContent(), `${expected.length} lines`);
}

/** Takes a `long_running_task` up to its confirmation. */
export async function upToConfirmation(page) {
  await fillForm(page, "crew@board.example");
  await panel(page, "retry").getByRole("button", { name: "Retry" }).click();
  await panel(page, "confirmation").waitFor();
}
