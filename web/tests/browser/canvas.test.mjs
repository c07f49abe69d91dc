// The canvas: runs and the way they took, what is seen from afar, where nodes and links go, the menu, and that nothing covers anything.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { AWAY, inBrowser, server, shoot, withServer } from "./support.mjs";

withServer();

const gallery = () => `${server.url}app/workflows`;
const node = (page, id) => page.locator(`.react-flow__node[data-id="${id}"]`);
const state = (page, id, word) => node(page, id).locator(`.wf-card[data-state="${word}"]`);
const face = (page, id) => node(page, id).locator(".wf-face");
const example = (page, name) => page.locator(".gallery-example", { hasText: name });
const runs = (page) => page.getByRole("complementary", { name: "Runs" });
const tool = (page, name) => page.getByRole("toolbar", { name: "Canvas" }).getByRole("button", { name, exact: true });
const link = (from, to) => {
  const [[source, source_output], [target, target_input]] = [from.split("."), to.split(".")];
  return { source, source_output, target, target_input };
};

async function call(method, path, body) {
  const answer = await fetch(`${server.url}${path}`, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) });
  return answer.json();
}

async function stored(name, nodes, edges) {
  return (await call("POST", "workflows?draft=true", { name, nodes, edges })).id;
}

async function open(page, id) {
  await page.goto(`${gallery()}/${id}`);
  await page.locator(".wf-card").first().waitFor();
}

const boxes = (page, selector) => page.locator(selector).evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ left, top, right, bottom }) => ({ left, top, right, bottom })));
const overlap = (one, other) => one.left < other.right && one.right > other.left && one.top < other.bottom && one.bottom > other.top;

async function approval(page) {
  await page.goto(gallery());
  await example(page, "Order with approval").getByRole("button", { name: "Open and run" }).click();
  await node(page, "HumanConfirm-approval").locator(".question").waitFor();
}

describe("runs", () => {
  inBrowser("show which way they took, survive a reload and a restart, and can be chosen again", { mayComplain: AWAY }, async (page) => {
    await approval(page);
    await node(page, "HumanConfirm-approval").getByText(/Waiting for a person since \d\d:\d\d/).waitFor();
    await node(page, "HumanConfirm-approval").getByRole("button", { name: "Yes" }).click();
    await page.locator(".run-line", { hasText: "Run completed" }).waitFor();
    const painted = async () => {
      await tool(page, "Show everything").click();
      await face(page, "Display-outcome").filter({ hasText: "Approved" }).waitFor();
      await state(page, "HumanConfirm-approval", "completed").waitFor();
      assert.equal(await state(page, "Template-within", "completed").count(), 0);
      await page.locator(".wf-link-taken").first().waitFor({ state: "attached" });
      assert.ok((await page.locator(".wf-link-untaken").count()) > 0);
    };
    await painted();
    await page.reload();
    await page.locator(".run-line", { hasText: "Run completed" }).waitFor();
    await painted();
    await server.kill("SIGKILL");
    await server.up();
    await page.reload();
    await page.locator(".run-line", { hasText: "Run completed" }).waitFor();
    await painted();
    // A second run, declined; then the first one again, by its row and by its address.
    await page.locator(".run-controls").getByRole("button", { name: "Run", exact: true }).click();
    await node(page, "HumanConfirm-approval").getByRole("button", { name: "No" }).click();
    await page.locator(".run-line", { hasText: "Run completed" }).waitFor();
    await page.getByRole("button", { name: "Runs", exact: true }).click();
    const rows = runs(page).getByRole("button", { name: /^Run of/ });
    await rows.nth(1).waitFor();
    await tool(page, "Show everything").click();
    await face(page, "Display-outcome").filter({ hasText: "Declined" }).waitFor();
    await rows.nth(1).click();
    await face(page, "Display-outcome").filter({ hasText: "Approved" }).waitFor();
    assert.match(page.url(), /\?run=[0-9a-f-]{36}$/);
    await shoot(page, "canvas-runs");
    await page.reload();
    await page.getByRole("button", { name: "Latest run" }).waitFor();
    await tool(page, "Show everything").click();
    await face(page, "Display-outcome").filter({ hasText: "Approved" }).waitFor();
    await page.getByRole("button", { name: "Latest run" }).click();
    await face(page, "Display-outcome").filter({ hasText: "Declined" }).waitFor();
    await page.locator(".run-line").getByRole("link", { name: "Open session" }).click();
    await page.locator(".session-line .status", { hasText: "Completed" }).waitFor();
  });

  inBrowser("that fail keep their states after a reload", {}, async (page) => {
    const id = await stored(
      "Failing",
      [
        { id: "Math-a", type: "Math", inputs: { operation: "divide", a: 1, b: 0 }, position: { x: 0, y: 0 } },
        { id: "Display-a", type: "Display", inputs: {}, position: { x: 400, y: 0 } },
      ],
      [link("Math-a.result", "Display-a.value")],
    );
    await open(page, id);
    await page.locator(".run-controls").getByRole("button", { name: "Run", exact: true }).click();
    await page.locator('.run-line[data-state="failed"]').waitFor();
    await page.reload();
    await node(page, "Math-a").locator(".run-error", { hasText: /zero/i }).waitFor();
    await state(page, "Display-a", "blocked").waitFor();
  });

  inBrowser("of the past are shown beside a live workflow, and one comes back to it", {}, async (page) => {
    const id = await stored(
      "Both",
      [
        { id: "TextInput-a", type: "TextInput", title: "Words", inputs: { text: "once" }, position: { x: 0, y: 0 } },
        { id: "Display-a", type: "Display", inputs: {}, position: { x: 400, y: 0 } },
      ],
      [link("TextInput-a.text", "Display-a.value")],
    );
    await open(page, id);
    const display = node(page, "Display-a").locator(".run-display");
    await page.locator(".run-controls").getByRole("button", { name: "Run", exact: true }).click();
    await display.filter({ hasText: "once" }).waitFor();
    await page.getByLabel("text of Words").fill("live");
    await page.locator(".run-controls").getByRole("button", { name: "Go live", exact: true }).click();
    await display.filter({ hasText: "live" }).waitFor();
    await page.getByRole("button", { name: "Runs", exact: true }).click();
    await runs(page).getByRole("button", { name: /^Run of/ }).click();
    await display.filter({ hasText: "once" }).waitFor();
    await page.locator(".run-line").getByRole("button", { name: "Back to live" }).click();
    await display.filter({ hasText: "live" }).waitFor();
    await page.locator(".run-controls").getByRole("button", { name: "Stop", exact: true }).click();
    await runs(page).locator(".run-live").waitFor({ state: "detached" });
    await display.filter({ hasText: "live" }).waitFor();
  });
});

describe("the view", () => {
  inBrowser("shows all of a graph clear of the bars, in letters that can be read", {}, async (page) => {
    await page.goto(gallery());
    await example(page, "Order with approval").getByRole("button", { name: "Open", exact: true }).click();
    await page.locator(".wf-face").nth(10).waitFor();
    for (const arranged of [false, true]) {
      if (arranged) await tool(page, "Arrange").click();
      else await tool(page, "Show everything").click();
      await page.waitForFunction(() => {
        const bars = [...document.querySelectorAll(".wf-tools, .wf-minimap")].map((one) => one.getBoundingClientRect());
        const ground = document.querySelector(".wf-flow").getBoundingClientRect();
        const cards = [...document.querySelectorAll(".wf-card")].map((one) => one.getBoundingClientRect());
        const isIn = ({ left, top, right, bottom }) => left >= ground.left && top >= ground.top && right <= ground.right && bottom <= ground.bottom;
        return cards.length === 12 && cards.every((card) => isIn(card) && !bars.some((bar) => card.left < bar.right && card.right > bar.left && card.top < bar.bottom && card.bottom > bar.top));
      });
    }
    const sizes = await page.locator(".wf-face-title").evaluateAll((all) => all.map((one) => (parseFloat(getComputedStyle(one).fontSize) * one.getBoundingClientRect().width) / one.offsetWidth));
    assert.ok(Math.min(...sizes) >= 11, `letters of ${Math.min(...sizes)} px`);
    await shoot(page, "canvas-far");
    await node(page, "Compare-over").or(page.locator(".react-flow__node-card").nth(4)).first().dblclick();
    await page.locator(".wf-face").first().waitFor({ state: "detached" });
  });

  inBrowser("leads links round the nodes between their ends", {}, async (page) => {
    const at = (id, x, y = 0) => ({ id, type: "Math", inputs: { a: 1, b: 1 }, position: { x, y } });
    const id = await stored("Round", [at("Math-a", 0), at("Math-b", 400), at("Math-c", 800)], [link("Math-a.result", "Math-c.a")]);
    await open(page, id);
    const path = page.locator(".react-flow__edge-path");
    await path.waitFor({ state: "attached" });
    await page.waitForFunction(() => document.querySelector(".react-flow__edge-path").getAttribute("d").includes("Q"));
    const inside = await path.evaluate((line) => {
      const box = document.querySelector('.react-flow__node[data-id="Math-b"]').getBoundingClientRect();
      const matrix = line.getScreenCTM();
      return Array.from({ length: 60 }, (_, step) => line.getPointAtLength((line.getTotalLength() * step) / 59).matrixTransform(matrix)).filter(({ x, y }) => x > box.left && x < box.right && y > box.top && y < box.bottom).length;
    });
    assert.equal(inside, 0);
    await shoot(page, "canvas-links");
  });

  inBrowser("puts new nodes right of the selection, and none onto another", {}, async (page) => {
    const id = await stored("Placed", [{ id: "Math-a", type: "Math", inputs: { a: 1, b: 1 }, position: { x: 0, y: 0 } }, { id: "Math-b", type: "Math", inputs: { a: 1, b: 1 }, position: { x: 340, y: 20 } }], []);
    await open(page, id);
    await node(page, "Math-a").locator(".wf-card-title").click();
    for (const name of ["Split", "Join", "Round"]) {
      await page.getByLabel("Search nodes").fill(name);
      await page.getByLabel("Search nodes").press("Enter");
      await page.locator(`.wf-card[data-class="${name}"]`).waitFor({ state: "attached" });
    }
    await page.locator("body").click({ position: { x: 2, y: 2 } });
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+d");
    await tool(page, "Show everything").click();
    await page.locator(".wf-card").nth(9).waitFor();
    const cards = await boxes(page, ".wf-card");
    assert.equal(cards.length, 10);
    cards.forEach((one, place) => cards.slice(place + 1).forEach((other) => assert.equal(overlap(one, other), false)));
    const [first, split] = [await node(page, "Math-a").boundingBox(), await page.locator('.wf-card[data-class="Split"]').first().boundingBox()];
    assert.ok(split.x >= first.x + first.width);
  });

  inBrowser("has a menu for nodes, links and the ground, by pointer and by keyboard", {}, async (page) => {
    const id = await stored("Menus", [{ id: "TextInput-a", type: "TextInput", title: "Words", inputs: { text: "a" }, position: { x: 0, y: 0 } }, { id: "Display-a", type: "Display", inputs: {}, position: { x: 420, y: 0 } }], [link("TextInput-a.text", "Display-a.value")]);
    await open(page, id);
    await node(page, "TextInput-a").locator(".wf-card-title").click({ button: "right" });
    const menu = page.getByRole("menu");
    await shoot(page, "canvas-menu");
    await menu.getByRole("menuitem", { name: /^Duplicate/ }).click();
    await page.locator(".wf-card").nth(2).waitFor();
    await page.locator(".react-flow__edge-interaction").click({ button: "right" });
    await menu.getByRole("menuitem", { name: /^Delete link/ }).click();
    await page.locator(".react-flow__edge").waitFor({ state: "detached" });
    await page.locator(".react-flow__pane").click({ button: "right", position: { x: 500, y: 40 } });
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.locator(".wf-note").waitFor();
    await page.keyboard.press("Escape");
    await node(page, "Display-a").focus();
    await page.keyboard.press("Shift+F10");
    await menu.waitFor();
    await page.keyboard.press("Escape");
    await menu.waitFor({ state: "detached" });
  });

  for (const colorScheme of ["light", "dark"]) {
    inBrowser(`keeps problems and runs beside the canvas, and axe finds nothing, ${colorScheme}`, { colorScheme }, async (page) => {
      const id = await stored("Faulty", [{ id: "Math-a", type: "Math", title: "Total", inputs: {}, position: { x: 0, y: 0 } }, { id: "Split-a", type: "Split", inputs: {}, position: { x: 400, y: 0 } }], []);
      await open(page, id);
      await page.locator(".run-fault-row", { hasText: "Total" }).first().waitFor();
      await page.locator(".run-fault-row", { hasText: "Split" }).first().waitFor();
      await page.getByRole("button", { name: "Runs", exact: true }).click();
      await runs(page).getByText("No runs yet").waitFor();
      const [panel] = await boxes(page, ".run-faults");
      const [drawer] = await boxes(page, ".runs");
      const [ground] = await boxes(page, ".wf-flow");
      for (const [one, other] of [[panel, ground], [drawer, ground], [drawer, panel]]) assert.equal(overlap(one, other), false);
      // What is known not to run is not even asked for: no refusal in the console.
      await page.locator(".run-controls").getByRole("button", { name: "Run", exact: true }).click();
      await page.getByText("Fix the problems listed below").waitFor();
      await page.getByLabel("Name of the workflow").fill("Faulty, renamed");
      await page.keyboard.press("Enter");
      await page.getByRole("button", { name: "Save", exact: true }).click();
      await page.getByText("Saved · version 2").waitFor();
      await shoot(page, `canvas-problems-${colorScheme}`);
      const { violations } = await new AxeBuilder({ page }).analyze();
      assert.deepEqual(violations.map(({ id: rule, impact, nodes }) => `${rule} (${impact}) ${nodes.map(({ target }) => target).join(" ")}`), []);
    });
  }
});
