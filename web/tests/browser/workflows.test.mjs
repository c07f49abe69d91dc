// The flows of workflows, in a real browser against the real server: run once, live, people, faults, drawing, saving.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { AWAY, inBrowser, PHONE, server, shoot, withServer } from "./support.mjs";

withServer();

const gallery = () => `${server.url}app/workflows`;
const node = (page, id) => page.locator(`.react-flow__node[data-id="${id}"]`);
const state = (page, id, word) => node(page, id).locator(`.run-state[data-state="${word}"]`);
const shown = (page, id) => node(page, id).locator(".run-display");
const face = (page, id) => node(page, id).locator(".wf-face");
const button = (page, name) => page.locator(".run-controls").getByRole("button", { name, exact: true });
const example = (page, name) => page.locator(".gallery-example", { hasText: name });
const fit = (page) => page.getByRole("toolbar", { name: "Canvas" }).getByRole("button").nth(2).click();

/** Waits until a node is on the canvas as a whole, and large enough to be read. */
const inSight = (page, id) =>
  page.waitForFunction((id) => {
    const [card, ground] = [document.querySelector(`.react-flow__node[data-id="${id}"]`), document.querySelector(".wf-flow")].map((one) => one?.getBoundingClientRect());
    return card && ground && card.width >= 0.69 * 268 && card.left >= ground.left && card.right <= ground.right && card.top >= ground.top && card.bottom <= ground.bottom;
  }, id);

/** Goes so near to a node that its inputs are there. */
async function closeTo(page, id) {
  await page.keyboard.press("Escape");
  await page.locator("body").click({ position: { x: 2, y: 2 } });
  await page.keyboard.press("/");
  await page.getByPlaceholder("Go to a node").fill(id);
  await page.keyboard.press("Enter");
  await inSight(page, id);
}

async function call(method, path, body, headers = {}) {
  const answer = await fetch(`${server.url}${path}`, { method, headers: { "Content-Type": "application/json", ...headers }, body: body && JSON.stringify(body) });
  return { status: answer.status, body: await answer.json().catch(() => null) };
}

const link = (from, to) => {
  const [[source, source_output], [target, target_input]] = [from.split("."), to.split(".")];
  return { source, source_output, target, target_input };
};

/** A text that is shown, stored under a new id. */
async function textAndDisplay(name = "Echo", more = {}) {
  const { status, body } = await call("POST", "workflows?draft=true", {
    name,
    nodes: [
      { id: "TextInput-a", type: "TextInput", title: "Words", inputs: { text: "one" }, position: { x: 0, y: 0 } },
      { id: "Display-a", type: "Display", title: "Shown", inputs: {}, position: { x: 400, y: 0 } },
    ],
    edges: [link("TextInput-a.text", "Display-a.value")],
    ...more,
  });
  assert.equal(status, 201, JSON.stringify(body));
  return body.id;
}

async function open(page, id) {
  await page.goto(`${gallery()}/${id}`);
  await page.locator(".wf-card").first().waitFor();
}

describe("the gallery", () => {
  inBrowser("an example is opened, run once, and shows what its nodes gave", {}, async (page) => {
    await page.goto(gallery());
    await page.getByText("No workflows yet.").waitFor();
    assert.equal(await page.locator(".gallery-example").count(), 6);
    await shoot(page, "workflows-gallery");
    await example(page, "Live text template").getByRole("button", { name: "Open and run" }).click();
    await shown(page, "Display-letter").filter({ hasText: "Dear Ada" }).waitFor();
    await page.locator(".run-line", { hasText: "Run completed" }).waitFor();
    await state(page, "Template-letter", "completed").waitFor();
    await shoot(page, "workflows-run");
    await page.locator(".run-line a").click();
    await page.locator(".session-line .status", { hasText: "Completed" }).waitFor();
  });

  inBrowser("every example opens without a fault", {}, async (page) => {
    await page.goto(gallery());
    await page.locator(".gallery-example").nth(5).waitFor();
    const names = await page.locator(".gallery-example h3").allTextContents();
    for (const name of names) {
      await page.goto(gallery());
      await example(page, name).getByRole("button", { name: "Open", exact: true }).click();
      await page.locator(".wf-card").first().waitFor();
      await page.locator('.run-check[data-state="valid"]').waitFor();
      assert.equal(await page.locator(".wf-card-unknown").count(), 0, name);
      assert.equal(await page.locator(".run-faults").count(), 0, `${name}: no problems`);
    }
  });

  inBrowser("what is live says so in the list, and who changed it", {}, async (page) => {
    const id = await textAndDisplay("Live in the list");
    await call("POST", `workflows/${id}/continuous/start`, {});
    await page.goto(gallery());
    await page.getByRole("heading", { name: "Workflows", level: 1 }).waitFor();
    const row = page.locator(".gallery-row", { hasText: "Live in the list" });
    await row.getByText("Live, idle").waitFor();
    await call("POST", `workflows/${id}/continuous/stop`, {});
    await row.locator(".run-live").waitFor({ state: "detached" });
    await page.getByRole("link", { name: "New workflow" }).click();
    await page.getByText("This workflow is empty").waitFor();
  });

  inBrowser("stored ones are opened, doubled and deleted after a question", {}, async (page) => {
    await textAndDisplay("To be doubled");
    await page.goto(gallery());
    const row = page.locator(".gallery-row", { hasText: "To be doubled" });
    await row.getByRole("button", { name: "Duplicate To be doubled" }).click();
    await page.locator(".wf-card").first().waitFor();
    assert.equal(await page.getByLabel("Name of the workflow").inputValue(), "To be doubled (copy)");
    await page.goto(gallery());
    await row.getByRole("button", { name: "Delete To be doubled" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Keep", exact: true }).click();
    await row.waitFor();
    await row.getByRole("button", { name: "Delete To be doubled" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await row.waitFor({ state: "detached" });
  });
});

describe("a live workflow", () => {
  inBrowser("shows a changed text in two tabs, waits without working, and stops for both", {}, async (page, context) => {
    const id = await textAndDisplay();
    await open(page, id);
    const other = await context.newPage();
    await open(other, id);
    await page.bringToFront();
    await button(page, "Go live").click();
    await shown(page, "Display-a").filter({ hasText: "one" }).waitFor();
    await page.locator('.run-live[data-state="parked"]').waitFor();
    await other.bringToFront();
    await other.locator(".run-live").waitFor();
    await page.bringToFront();
    await page.getByLabel("text of Words").fill("two");
    await shown(page, "Display-a").filter({ hasText: "two" }).waitFor();
    await other.bringToFront();
    await shown(other, "Display-a").filter({ hasText: "two" }).waitFor();
    assert.equal(await other.getByLabel("text of Words").inputValue(), "two");
    await other.getByLabel("text of Words").fill("three");
    await page.bringToFront();
    await shown(page, "Display-a").filter({ hasText: "three" }).waitFor();
    await shoot(page, "workflows-live");
    await button(page, "Stop").click();
    await other.bringToFront();
    await button(other, "Go live").waitFor();
  });

  inBrowser("moves by single steps", {}, async (page) => {
    const { body } = await call("POST", "workflows", {
      name: "Steps",
      nodes: [
        { id: "Counter-a", type: "Counter", inputs: {}, position: { x: 0, y: 0 } },
        { id: "Display-a", type: "Display", inputs: {}, position: { x: 400, y: 0 } },
      ],
      edges: [link("Counter-a.count", "Display-a.value")],
    });
    await open(page, body.id);
    await button(page, "Step").click();
    await page.locator('.run-live[data-state="paused"]').waitFor();
    const first = Number(await shown(page, "Display-a").textContent());
    await button(page, "Step").click();
    await shown(page, "Display-a").filter({ hasText: String(first + 1) }).waitFor();
    await button(page, "Stop").click();
    await button(page, "Go live").waitFor();
  });

  inBrowser("draws a chart as values come", {}, async (page) => {
    await page.goto(gallery());
    await example(page, "Signal smoothing").getByRole("button", { name: "Open", exact: true }).click();
    await page.locator(".wf-card").first().waitFor();
    // A graph with a clock in it is made to be live: that is its main button.
    await page.locator(".run-buttons .primary", { hasText: "Go live" }).waitFor();
    await button(page, "Go live").click();
    await closeTo(page, "Chart-smooth");
    const chart = node(page, "Chart-smooth").getByRole("img");
    await chart.and(page.locator('[aria-label*="A chart of 1"]')).waitFor();
    await closeTo(page, "Smooth-signal");
    await page.getByLabel("factor of Smooth", { exact: true }).fill("0.5");
    await node(page, "Smooth-signal").locator(".run-refused").waitFor({ state: "detached" });
    await shoot(page, "workflows-chart");
    await button(page, "Stop").click();
  });

  inBrowser("a value that the server refuses goes back, with the reason", {}, async (page) => {
    const { body } = await call("POST", "workflows", {
      name: "Refusing",
      nodes: [{ id: "Smooth-a", type: "Smooth", inputs: { value: 1, factor: 0.2 }, position: { x: 0, y: 0 } }],
      edges: [],
    });
    await open(page, body.id);
    await button(page, "Go live").click();
    await state(page, "Smooth-a", "completed").waitFor();
    const factor = page.getByLabel("factor of Smooth-a", { exact: true });
    await factor.fill("5");
    await node(page, "Smooth-a").locator(".run-refused").waitFor();
    assert.equal(await factor.getAttribute("aria-invalid"), "true");
    await factor.blur();
    await node(page, "Smooth-a").locator(".run-refused").waitFor({ state: "detached" });
    assert.equal(await factor.inputValue(), "0.2");
    await button(page, "Stop").click();
  });

  inBrowser("that comes back is live again after a kill, with its last inputs", { mayComplain: AWAY }, async (page) => {
    const id = await textAndDisplay("Coming back");
    await open(page, id);
    await page.getByRole("button", { name: "Live settings" }).click();
    await page.getByLabel(/Start again after a server restart/).check();
    await page.getByRole("dialog", { name: "Live settings" }).getByRole("button", { name: "Go live" }).click();
    await shown(page, "Display-a").filter({ hasText: "one" }).waitFor();
    await page.getByLabel("text of Words").fill("kept");
    await shown(page, "Display-a").filter({ hasText: "kept" }).waitFor();
    // It is told as applied only when it is written; nothing else says so on the page.
    await page.locator('.run-live[data-state="parked"]').waitFor();
    await server.kill("SIGKILL");
    await page.locator(".run-status .run-refused").waitFor();
    await server.up();
    await page.locator(".run-live").waitFor({ timeout: 40_000 });
    await shown(page, "Display-a").filter({ hasText: "kept" }).waitFor();
    await button(page, "Stop").click();
    await button(page, "Go live").waitFor();
  });
});

describe("people", () => {
  inBrowser("an approval is given on the canvas", {}, async (page) => {
    await page.goto(gallery());
    await example(page, "Order with approval").getByRole("button", { name: "Open and run" }).click();
    const question = node(page, "HumanConfirm-approval").locator(".question");
    await question.getByText("is over the limit").waitFor();
    await state(page, "HumanConfirm-approval", "waiting").waitFor();
    await inSight(page, "HumanConfirm-approval");
    await shoot(page, "workflows-approval");
    await question.getByRole("button", { name: "Yes" }).click();
    await page.locator(".run-line", { hasText: "Run completed" }).waitFor();
    await fit(page);
    // As a whole it is far away: the node shows its value in large letters.
    await face(page, "Display-outcome").filter({ hasText: "Approved" }).waitFor();
    assert.equal(await page.locator(".run-question").count(), 0);
  });

  inBrowser("a question that is answered elsewhere closes here; a reload in mid-question finds it again", {}, async (page, context) => {
    await page.goto(gallery());
    await example(page, "Order with approval").getByRole("button", { name: "Open and run" }).click();
    await node(page, "HumanConfirm-approval").locator(".question").waitFor();
    await page.reload();
    await node(page, "HumanConfirm-approval").locator(".question").waitFor();
    const other = await context.newPage();
    await other.goto(page.url());
    await node(other, "HumanConfirm-approval").locator(".question").getByRole("button", { name: "No" }).click();
    await page.bringToFront();
    await page.locator(".toast", { hasText: "Answered elsewhere" }).waitFor();
    await fit(page);
    await face(page, "Display-outcome").filter({ hasText: "Declined" }).waitFor();
    assert.equal(await page.locator(".run-question").count(), 0);
  });

  inBrowser("a form says beside the field what is wrong, and decides the way", {}, async (page) => {
    await page.goto(gallery());
    await example(page, "A form that decides").getByRole("button", { name: "Open and run" }).click();
    const form = node(page, "HumanInput-request").locator(".question");
    await form.getByLabel("Your name").fill("Ada");
    await form.getByLabel("How many seats").fill("400");
    await form.getByLabel("Where in the house").selectOption({ label: "circle" });
    await form.getByRole("button", { name: "Send" }).click();
    await form.locator('[data-field="seats"] .field-error').waitFor();
    await shoot(page, "workflows-form");
    await form.getByLabel("How many seats").fill("4");
    await form.getByRole("button", { name: "Send" }).click();
    await shown(page, "Display-answer").filter({ hasText: "Ada, your 4 seats in the circle are booked." }).waitFor({ state: "attached" });
    assert.equal(await shown(page, "Display-manager").count(), 0);
  });

  inBrowser("a node of a live workflow asks, too", {}, async (page) => {
    const { body } = await call("POST", "workflows", {
      name: "Asking live",
      nodes: [
        { id: "HumanConfirm-a", type: "HumanConfirm", inputs: { message: "Shall it?" }, position: { x: 0, y: 0 } },
        { id: "Display-a", type: "Display", inputs: {}, position: { x: 400, y: 0 } },
      ],
      edges: [link("HumanConfirm-a.confirmed", "Display-a.value")],
    });
    await open(page, body.id);
    await button(page, "Go live").click();
    await node(page, "HumanConfirm-a").getByRole("button", { name: "Yes" }).click();
    await shown(page, "Display-a").filter({ hasText: "yes" }).waitFor();
    await button(page, "Stop").click();
  });

  inBrowser("a run is cancelled", {}, async (page) => {
    await page.goto(gallery());
    await example(page, "Order with approval").getByRole("button", { name: "Open and run" }).click();
    await node(page, "HumanConfirm-approval").locator(".question").waitFor();
    await button(page, "Cancel run").click();
    await page.locator('.run-line[data-state="failed"]').waitFor();
    await button(page, "Run").waitFor();
  });
});

describe("problems", () => {
  inBrowser("are listed by node, a click goes there, and a cycle is outlined", {}, async (page) => {
    const maths = (id, x, more = {}) => ({ id, type: "Math", inputs: { a: 1, ...more }, position: { x, y: 0 } });
    const { body } = await call("POST", "workflows?draft=true", {
      name: "Round and round",
      nodes: [maths("Math-a", 0), maths("Math-b", 400), maths("Math-c", 800)],
      edges: [link("Math-a.result", "Math-b.b"), link("Math-b.result", "Math-a.b")],
    });
    await open(page, body.id);
    await page.locator(".run-faults-head", { hasText: /3 problems/ }).waitFor();
    await page.locator(".run-fault-row", { hasText: "Math-c" }).filter({ hasText: "Missing input" }).click();
    await page.locator('.react-flow__node[data-id="Math-c"].selected').waitFor();
    await node(page, "Math-c").locator(".run-fault").waitFor();
    await page.locator(".run-fault-row", { hasText: "Cycle" }).first().click();
    await page.locator(".wf-card[data-outlined]").nth(1).waitFor();
    assert.equal(await page.locator(".wf-card[data-outlined]").count(), 2);
    await page.locator(".run-check", { hasText: "3 problems" }).waitFor();
    await page.locator("button.run-faults-head").click();
    await page.locator(".run-fault-row").first().waitFor({ state: "detached" });
    await page.locator("button.run-faults-head").click();
    await shoot(page, "workflows-faults");
    await button(page, "Run").click();
    await page.locator(".run-status", { hasText: "Fix the problems" }).waitFor();
  });

  inBrowser("a node that fails says why, and what needs it is blocked", {}, async (page) => {
    const { body } = await call("POST", "workflows", {
      name: "Failing",
      nodes: [
        { id: "Math-a", type: "Math", inputs: { operation: "divide", a: 1, b: 0 }, position: { x: 0, y: 0 } },
        { id: "Display-a", type: "Display", inputs: {}, position: { x: 400, y: 0 } },
      ],
      edges: [link("Math-a.result", "Display-a.value")],
    });
    await open(page, body.id);
    await button(page, "Run").click();
    await node(page, "Math-a").locator(".run-error", { hasText: /zero/i }).waitFor();
    await state(page, "Display-a", "blocked").waitFor();
    await page.locator('.run-line[data-state="failed"]').waitFor();
  });
});

describe("drawing", () => {
  async function insert(page, name) {
    await page.getByLabel("Search nodes").fill(name);
    await page.getByLabel("Search nodes").press("Enter");
  }
  const handle = (page, card, kind, name) => card.locator(`.react-flow__handle.${kind}[data-handleid="${name}"]`);
  async function drag(page, from, to) {
    // The canvas may still be moving, and cards on it.
    await from.hover();
    const places = () => Promise.all([from, to].map((one) => one.boundingBox()));
    let [start, end] = await places();
    for (let before; before !== JSON.stringify([start, end]); [start, end] = await places()) {
      before = JSON.stringify([start, end]);
      await page.waitForTimeout(50);
    }
    await page.mouse.move(start.x + start.width / 2, start.y + start.height / 2);
    await page.mouse.down();
    await page.mouse.move((start.x + end.x) / 2, (start.y + end.y) / 2, { steps: 5 });
    await page.mouse.move(end.x + end.width / 2, end.y + end.height / 2, { steps: 5 });
    await page.mouse.up();
  }

  inBrowser("two nodes are inserted and linked, a link that does not fit is refused, undo takes both back", {}, async (page) => {
    const id = await textAndDisplay("Drawn", { edges: [] });
    await open(page, id);
    await fit(page);
    const [words, display] = [node(page, "TextInput-a"), node(page, "Display-a")];
    await drag(page, handle(page, words, "source", "text"), handle(page, display, "target", "value"));
    await page.locator(".react-flow__edge").waitFor();
    await insert(page, "Math");
    const maths = page.locator('.wf-card[data-class="Math"]');
    await maths.waitFor();
    // What is missing is listed below the canvas, which makes room for it.
    await page.getByText("2 problems to fix").waitFor();
    await page.getByRole("toolbar", { name: "Canvas" }).getByRole("button").nth(3).click();
    await fit(page);
    await drag(page, handle(page, words, "source", "text"), handle(page, maths, "target", "a"));
    await page.getByText(/text.*cannot|cannot.*number/i).first().waitFor();
    assert.equal(await page.locator(".react-flow__edge").count(), 1);
    await page.locator("body").click({ position: { x: 2, y: 2 } });
    for (let step = 0; step < 4; step += 1) await page.getByRole("button", { name: "Undo" }).click({ timeout: 2000 }).catch(() => undefined);
    await maths.waitFor({ state: "detached" });
    await page.locator(".react-flow__edge").waitFor({ state: "detached" });
    for (let step = 0; step < 4; step += 1) await page.getByRole("button", { name: "Redo" }).click({ timeout: 2000 }).catch(() => undefined);
    await maths.waitFor();
    await page.locator(".react-flow__edge").waitFor();
  });

  inBrowser("what few need is out of sight until it is asked for, set or linked", {}, async (page) => {
    const { body } = await call("POST", "workflows", {
      name: "Asked of two",
      nodes: [{ id: "HumanConfirm-a", type: "HumanConfirm", inputs: { message: "Shall it?", required_answers: 2 }, position: { x: 0, y: 0 } }],
      edges: [],
    });
    await open(page, body.id);
    const card = node(page, "HumanConfirm-a");
    const names = () => card.locator(".wf-in .wf-row-name").allTextContents();
    await card.getByRole("button", { name: "2 more inputs" }).waitFor();
    assert.deepEqual(await names(), ["message", "timeout", "default", "required_answers"]);
    await card.getByRole("button", { name: "2 more inputs" }).click();
    assert.deepEqual(await names(), ["message", "timeout", "default", "assignees", "required_answers", "allow_own"]);
    await card.getByRole("button", { name: "Fewer inputs" }).click();
    assert.equal((await names()).length, 4);
  });

  inBrowser("a draft outlives a reload", {}, async (page) => {
    const id = await textAndDisplay("Drafted");
    await open(page, id);
    await page.getByLabel("text of Words").fill("not saved");
    await page.getByText("Unsaved changes").waitFor();
    page.on("dialog", (dialog) => void dialog.accept());
    await page.reload();
    await page.locator(".wf-card").first().waitFor();
    assert.equal(await page.getByLabel("text of Words").inputValue(), "not saved");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("Saved · version 2").waitFor();
    assert.equal((await call("GET", `workflows/${id}`)).body.nodes[0].inputs.text, "not saved");
  });

  inBrowser("of two who save, the second is asked", { mayComplain: /409|412/ }, async (page) => {
    const id = await textAndDisplay("Contested");
    await open(page, id);
    await page.getByLabel("text of Words").fill("mine");
    const { body: theirs } = await call("GET", `workflows/${id}`);
    const { version: _version, ...rest } = theirs;
    assert.equal((await call("PUT", `workflows/${id}`, { ...rest, name: "Theirs" }, { "If-Match": '"1"', "X-Client-Id": "Ana" })).status, 200);
    await page.locator("#wf-elsewhere", { hasText: "Ana has saved version 2" }).waitFor();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Overwrite theirs" }).click();
    await page.getByText("Saved · version 3").waitFor();
    const { body: now } = await call("GET", `workflows/${id}`);
    assert.deepEqual([now.version, now.nodes[0].inputs.text], [3, "mine"]);
  });
});

describe("the view", () => {
  inBrowser("answers at phone width", PHONE, async (page) => {
    await page.goto(gallery());
    await shoot(page, "workflows-phone-gallery");
    await example(page, "Order with approval").getByRole("button", { name: "Open and run" }).click();
    const question = node(page, "HumanConfirm-approval").locator(".question");
    await inSight(page, "HumanConfirm-approval");
    await question.getByRole("button", { name: "Yes" }).hover();
    await shoot(page, "workflows-phone");
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
    await question.getByRole("button", { name: "Yes" }).click();
    await page.locator(".run-line", { hasText: "Run completed" }).waitFor();
  });

  inBrowser("goes from node to node at phone width", PHONE, async (page) => {
    await page.goto(gallery());
    await example(page, "Order with approval").getByRole("button", { name: "Open", exact: true }).click();
    const steps = page.getByRole("toolbar", { name: "From node to node" });
    await steps.getByText("1 of 12").waitFor();
    await inSight(page, "NumberInput-price");
    await steps.getByRole("button", { name: "The next node" }).click();
    await steps.getByText("2 of 12").waitFor();
    await steps.getByTitle("All nodes").click();
    await page.getByPlaceholder("Go to a node").fill("outcome");
    await page.keyboard.press("Enter");
    await inSight(page, "Display-outcome");
    await steps.getByText("12 of 12").waitFor();
  });

  inBrowser("has its shortcuts", {}, async (page) => {
    await open(page, await textAndDisplay("By keyboard"));
    await page.keyboard.press("Control+Enter");
    await page.locator(".run-line", { hasText: "Run completed" }).waitFor();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("Go live");
    await page.keyboard.press("Enter");
    await page.locator(".run-live").waitFor();
    await page.keyboard.press("Control+l");
    await button(page, "Go live").waitFor();
  });

  for (const colorScheme of ["light", "dark"]) {
    inBrowser(`axe finds nothing, ${colorScheme}`, { colorScheme }, async (page) => {
      const clean = async (where) => {
        const { violations } = await new AxeBuilder({ page }).analyze();
        assert.deepEqual(violations.map(({ id, impact, nodes }) => `${where}: ${id} (${impact}) ${nodes.map(({ target }) => target).join(" ")}`), []);
      };
      await page.goto(gallery());
      await page.locator(".gallery-example").nth(5).waitFor();
      await clean("gallery");
      await example(page, "A form that decides").getByRole("button", { name: "Open and run" }).click();
      await node(page, "HumanInput-request").locator(".question").waitFor();
      await page.locator(".toast").first().waitFor({ state: "detached" });
      await clean("form");
    });
  }
});
