// The page against a server that is played: what a real one says seldom.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { hasLines, home, inBrowser, panel, pill, server, shoot, withServer } from "./support.mjs";

withServer();

const ID = "11111111-1111-4111-8111-111111111111";
/** The session is there on the socket only. */
const NOT_FOUND = /404/;

/** A page whose session's socket is played by `speak(socket, connection number)`. */
async function played(page, speak) {
  const urls = [];
  await page.routeWebSocket(/\/ws\/[0-9a-f-]{36}/, (socket) => {
    urls.push(new URL(socket.url()).search);
    const heard = [];
    socket.onMessage((text) => {
      const message = JSON.parse(text);
      if (message.type === "ping") socket.send(JSON.stringify({ type: "pong", timestamp: message.timestamp }));
      for (const hear of heard) hear(message);
    });
    speak({
      tell: (message) => socket.send(JSON.stringify(message)),
      close: (code, reason = "") => socket.close({ code, reason }),
      hear: (hear) => heard.push(hear),
    }, urls.length);
  });
  await page.goto(`${home()}/${ID}`);
  return urls;
}

const opening = (count, last_seq, dropped = 0) => ({ type: "state_replay_start", message: "", count, dropped, last_seq });
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
      if (number > 3) return;
      setTimeout(() => (number === 2 ? socket.close(1001, "retry in 300 ms") : socket.close([4410, 0, 4509][number - 1])), 100);
    });
    await page.locator("#trouble", { hasText: "An operator closed the connection." }).waitFor();
    await pill(page, "Disconnected").waitFor();
    await hasLines(page, [1, 2, 3, 4, 5, 6].map((seq) => `line ${seq}`));
    assert.deepEqual(urls, ["?since=0", "?since=2", "?since=4"]);
    await page.locator("#trouble").getByRole("button", { name: "Reconnect now" }).click();
    await pill(page, "Live").waitFor();
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
    await page.locator("#replay", { hasText: "of 1,234 entries" }).waitFor();
  });

  inBrowser("is said to be stale when the server falls silent", { mayComplain: NOT_FOUND }, async (page) => {
    await page.routeWebSocket(/\/ws\/[0-9a-f-]{36}/, (socket) => {
      socket.send(JSON.stringify(opening(0, 0)));
      socket.send(JSON.stringify(CLOSING));
      socket.onMessage(() => undefined);
    });
    await page.goto(`${home()}/${ID}`);
    await pill(page, "Stale").waitFor();
    await page.locator("#trouble", { hasText: "has not answered" }).waitFor();
  });

  inBrowser("follows by events where no WebSocket gets through", { mayComplain: /WebSocket|403|422/ }, async (page) => {
    await page.addInitScript(() => {
      // As behind a proxy that refuses the upgrade.
      const Real = WebSocket;
      window.WebSocket = class extends Real {
        constructor() {
          super(`${location.origin.replace("http", "ws")}/livez`);
        }
      };
    });
    const answer = await fetch(`${server.url}start-task`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ task: "long_running_task", config: { step_delay_ms: 1 } }) });
    const { session_id } = await answer.json();
    await page.goto(`${home()}/${session_id}`);
    await page.getByText("uses server-sent events").waitFor();
    const form = panel(page, "input");
    await form.getByLabel(/address/i).fill("nowhere");
    await form.getByRole("button", { name: "Send" }).click();
    await form.locator('[data-field="to_address"] .field-error').waitFor();
    for (const [name, text] of [[/subject/i, "S"], [/body/i, "B"], [/address/i, "a@b.example"]]) await form.getByLabel(name).fill(text);
    await form.getByRole("button", { name: "Send" }).click();
    await panel(page, "retry").getByRole("button", { name: "Retry" }).click();
    await panel(page, "confirmation").getByRole("button", { name: "Yes" }).click();
    await page.locator("#outcome", { hasText: "a@b.example" }).waitFor();
    assert.equal(await page.locator("#line-count").textContent(), "6 lines");
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
      socket.tell({ type: "request_user_input", request_id: "22222222-2222-4222-8222-222222222222", message: "What shall the evening be like?", fields: FIELDS, timeout: 120, seq: 1, timestamp: Date.now() / 1000 });
    });
    const form = panel(page, "input");
    await form.waitFor();
    const types = await form.locator("input:not([type=checkbox])").evaluateAll((inputs) => inputs.map((one) => `${one.name} ${one.type}`));
    assert.deepEqual(types, ["title text", "seats number", "price number", "mail email", "site url", "day date", "at datetime-local", "code password"]);
    assert.equal(await form.getByLabel("The seats").getAttribute("max"), "9");
    await form.getByLabel("The seats").fill("4");
    await form.getByLabel("The price").fill("12.5");
    await form.getByLabel("The row").selectOption({ label: "back" });
    await form.getByLabel("3", { exact: true }).check();
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
      day: "2026-11-20", at: "2026-11-20T19:30:00+01:00", code: "hush",
    });
  });
});
