// The pictures at the top of the README: a form, the server killed, an answer, the end. PICTURES=folder keeps them.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AWAY, inBrowser, home, open, panel, pill, server, status, withServer } from "./support.mjs";

withServer();

const folder = process.env.PICTURES;

async function picture(page, name) {
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.mouse.move(1, 400);
  await page.evaluate(() => document.querySelectorAll("main, main *").forEach((one) => one.scrollTop > 0 && one.scrollTo(0, 0)));
  await page.screenshot({ path: join(folder, `${name}.png`), animations: "disabled" });
}

inBrowser("a task asks, the server is killed, somebody answers, it is done", { mayComplain: AWAY, viewport: { width: 900, height: 640 }, colorScheme: "light" }, async (page) => {
  const id = await open(page, "long_running_task", { step_delay_ms: 60 });
  assert.ok(page.url().startsWith(home()));
  const form = panel(page, "input");
  await form.getByLabel(/subject/i).fill("Tonight's rehearsal");
  await form.getByLabel(/body/i).fill("Half past seven, on the main stage.");
  await picture(page, "1-asks");
  await server.kill("SIGKILL");
  await pill(page, "Reconnecting").waitFor();
  await picture(page, "2-killed");
  await server.up();
  await pill(page, "Live").waitFor();
  // Nothing that was typed is lost.
  assert.equal(await form.getByLabel(/subject/i).inputValue(), "Tonight's rehearsal");
  await form.getByLabel(/address/i).fill("crew@board.example");
  await form.getByRole("button", { name: "Send" }).click();
  await panel(page, "retry").getByRole("button", { name: "Retry" }).click();
  await panel(page, "confirmation").waitFor();
  await picture(page, "3-answers");
  await panel(page, "confirmation").getByRole("button", { name: "Yes" }).click();
  await status(page, "Completed");
  await picture(page, "4-done");
  const { events } = await (await fetch(`${server.url}sessions/${id}/events`)).json();
  assert.equal(events.filter(({ type }) => type === "request_user_input").length, 1, "no question is asked twice");
});
