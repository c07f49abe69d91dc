// What people fill in on the page is what a task gets.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { home, inBrowser, panel, server, status, withServer } from "./support.mjs";

const EXACT = "9007199254740993";

/** Starts a session that asks for these fields, told as JSON text so that no number changes on the way. */
async function ask(page, fields) {
  const body = `{"task":"question","input":{"form":{"fields":${fields}}}}`;
  const answer = await fetch(`${server.url}start-task`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  assert.equal(answer.status, 200, await answer.clone().text());
  const { session_id } = await answer.json();
  await page.goto(`${home()}/${session_id}`);
  await panel(page, "input").waitFor();
  return session_id;
}

const control = (page, name) => page.locator(`[data-field=${JSON.stringify(name)}] :is(input, textarea, select)`).first();
const send = (page) => panel(page, "input").getByRole("button", { name: "Send" }).click();

/** The result as it stands on the wire. */
async function resultOf(id) {
  const text = await (await fetch(`${server.url}sessions/${id}/events`)).text();
  return /"type":"task_completed","values":(\{.*?\}),"seq"/.exec(text)?.[1];
}

describe("a form on the page", () => {
  withServer();

  inBrowser("sends whole numbers digit for digit, typed, chosen and untouched", {}, async (page) => {
    const id = await ask(page, `[{"name":"typed","type":"integer"},{"name":"chosen","type":"select","choices":[9007199254740992,${EXACT}]},{"name":"kept","type":"integer","value":${EXACT}}]`);
    await control(page, "typed").fill(EXACT);
    await control(page, "chosen").selectOption({ label: EXACT });
    assert.equal(await control(page, "kept").inputValue(), EXACT);
    await send(page);
    await status(page, "Completed");
    assert.equal(await resultOf(id), `{"typed":${EXACT},"chosen":${EXACT},"kept":${EXACT}}`);
    assert.match(await page.locator("#outcome").innerText(), new RegExp(`typed\\s+${EXACT}`));
  });

  inBrowser("does not give a cleared field its default back", {}, async (page) => {
    const id = await ask(page, `[{"name":"a","type":"integer","value":3,"required":false},{"name":"b","value":"x"},{"name":"c","type":"boolean","value":"true"}]`);
    await control(page, "a").fill("");
    await control(page, "b").fill("");
    await send(page);
    await page.locator('[data-field="b"] .field-error', { hasText: "required" }).waitFor();
    await control(page, "b").fill("y");
    await send(page);
    await status(page, "Completed");
    assert.equal(await resultOf(id), '{"a":null,"b":"y","c":true}');
  });

  inBrowser("keeps a moment's offset, and counts characters", { timezoneId: "Europe/Berlin" }, async (page) => {
    const id = await ask(page, `[{"name":"a","type":"datetime","value":"2026-10-25T02:30:00.25+01:00"},{"name":"b","type":"datetime","value":"2026-06-01T13:45"},{"name":"c","type":"datetime"},{"name":"d","max_length":3}]`);
    await control(page, "c").fill("2026-06-01T13:45");
    await control(page, "d").click();
    await page.keyboard.insertText("😀😀😀");
    await send(page);
    await status(page, "Completed");
    assert.equal(await resultOf(id), '{"a":"2026-10-25T02:30:00.25+01:00","b":"2026-06-01T13:45","c":"2026-06-01T13:45:00+02:00","d":"😀😀😀"}');
  });

  inBrowser("takes any name for a field", {}, async (page) => {
    const names = ["__proto__", "constructor", "hasOwnProperty", "a.b"];
    const id = await ask(page, JSON.stringify(names.map((name) => ({ name, description: name }))));
    assert.equal(await page.locator("[data-wrong]").count(), 0);
    for (const name of names) await control(page, name).fill(`of ${name}`);
    await page.reload();
    for (const name of names) assert.equal(await control(page, name).inputValue(), `of ${name}`);
    await send(page);
    await status(page, "Completed");
    assert.equal(await resultOf(id), '{"__proto__":"of __proto__","constructor":"of constructor","hasOwnProperty":"of hasOwnProperty","a.b":"of a.b"}');
  });
});

describe("a workflow on the page", () => {
  withServer();

  inBrowser("keeps its constants digit for digit when it is saved", {}, async (page) => {
    const graph = `{"id":"big","name":"Big","nodes":[{"id":"NumberInput-1","type":"NumberInput","inputs":{"value":${EXACT}},"position":{"x":0,"y":0}},{"id":"JsonInput-1","type":"JsonInput","inputs":{"json":[1e20,${EXACT}]},"position":{"x":0,"y":220}}],"edges":[]}`;
    await fetch(`${server.url}workflows`, { method: "POST", headers: { "Content-Type": "application/json" }, body: graph });
    await page.goto(`${server.url}app/workflows/big`);
    const node = page.locator('.react-flow__node[data-id="NumberInput-1"]');
    assert.equal(await node.locator('input[type="text"]').inputValue(), EXACT);
    await node.locator('input[type="text"]').fill("9007199254740995");
    await page.keyboard.press("Control+s");
    const stored = async () => (await fetch(`${server.url}workflows/big`)).text();
    for (let tries = 0; tries < 100 && !(await stored()).includes('"version":2'); tries += 1) await page.waitForTimeout(50);
    assert.match(await stored(), /"value":9007199254740995/);
    assert.match(await stored(), new RegExp(`\\[1e\\+20,${EXACT}\\]`));
  });
});
