// An empty server: three things to do, each of which moves something at once.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { describe } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { home, inBrowser, panel, PHONE, server, shoot, withServer } from "./support.mjs";

withServer();

const card = (page, name) => page.locator(".welcome-card", { hasText: name });

/** What a program prints until it ends. */
function run(command, args, input) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    let [output, errors] = ["", ""];
    child.stdout.on("data", (data) => (output += data));
    child.stderr.on("data", (data) => (errors += data));
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve(output) : reject(new Error(`${command} ended with ${code}: ${errors}`))));
    child.stdin.end(input);
  });
}

/** Answers the next question of an approval with yes. */
async function sayYes() {
  for (;;) {
    const { sessions } = await (await fetch(`${server.url}sessions?status=waiting`)).json();
    if (sessions[0]) {
      const answer = await fetch(`${server.url}sessions/${sessions[0].session_id}/confirm`, { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"value": true}' });
      if (answer.ok) return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function removeAll() {
  const { sessions } = await (await fetch(`${server.url}sessions?limit=100`)).json();
  for (const { session_id: id } of sessions) {
    await fetch(`${server.url}sessions/${id}/cancel`, { method: "POST" });
    for (;;) {
      const { status } = await fetch(`${server.url}sessions/${id}`, { method: "DELETE" });
      if (status !== 409) break;
    }
  }
}

describe("an empty server", () => {
  for (const colorScheme of ["light", "dark"]) {
    inBrowser(`offers three things to do and no internal kinds, and axe finds nothing, ${colorScheme}`, { colorScheme }, async (page) => {
      await page.goto(home());
      await card(page, "Watch a task ask you").waitFor();
      await page.locator(".welcome-kinds").waitFor();
      assert.equal(await page.locator(".welcome-kinds button", { hasText: /^(question|workflow)$/ }).count(), 0);
      const widths = await page.locator(".welcome-card").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().width));
      assert.ok(widths.length === 3 && Math.min(...widths) > 400, `cards as wide as ${widths}`);
      await shoot(page, `welcome-${colorScheme}`);
      const { violations } = await new AxeBuilder({ page }).analyze();
      assert.deepEqual(violations.map(({ id, impact, nodes }) => `${id} (${impact}) ${nodes.map(({ target }) => target).join(" ")}`), []);
    });
  }

  inBrowser("gives lines for a shell, for Python and for Node that ask and hear the answer", {}, async (page) => {
    await page.goto(home());
    const code = async (title) => {
      await page.getByRole("group", { name: "Language" }).getByRole("button", { name: title, exact: true }).click();
      await page.getByRole("group", { name: `${title} lines` }).waitFor();
      return page.locator(".welcome-connect pre").textContent();
    };
    const programs = { Shell: ["bash", ["-s"]], Python: ["python3", ["-"]], Node: [process.execPath, ["--input-type=module", "-"]] };
    for (const [title, [command, args]] of Object.entries(programs)) {
      // The list is empty again, so that the card is there for the next one.
      const lines = await code(title);
      const [output] = await Promise.all([run(command, args, lines), sayYes()]);
      assert.match(output, /approved"?: ?true/i, title);
      await removeAll();
      await page.reload();
      await card(page, "Connect your program").waitFor();
    }
    assert.equal(await page.getByRole("group", { name: "Node lines" }).count(), 1, "the language that was chosen last comes back");
  });

  inBrowser("starts a task with one press, and the task asks", {}, async (page) => {
    await removeAll();
    await page.goto(home());
    await card(page, "Watch a task ask you").getByRole("button").click();
    await panel(page, "input").getByLabel(/subject/i).waitFor();
  });

  inBrowser("opens an example that is live at once", {}, async (page) => {
    await removeAll();
    await page.goto(home());
    await card(page, "Draw something live").getByRole("button").click();
    await page.locator('.run-live[data-state="running"]').waitFor();
    await page.locator(".wf-card[data-state=completed], .wf-card[data-state=cached]").first().waitFor();
  });

  inBrowser("starts at once what needs no input, at phone width", PHONE, async (page) => {
    await removeAll();
    await page.goto(home());
    await page.locator(".welcome-kinds").getByRole("button", { name: "approval" }).click();
    await panel(page, "confirmation").waitFor();
    await page.goto(home());
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
    await removeAll();
    await page.reload();
    await card(page, "Connect your program").waitFor();
    await shoot(page, "welcome-phone");
    assert.ok((await card(page, "Connect your program").boundingBox()).width > 300);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
  });
});
