// The forms of the event sockets, read by the example client in a browser.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe } from "node:test";
import { fileURLToPath } from "node:url";
import { inBrowser, server, withServer } from "./support.mjs";

const CLIENT = readFileSync(fileURLToPath(new URL("../../../examples/events/listen.mjs", import.meta.url)), "utf8");

describe("the forms of events", () => {
  withServer();

  inBrowser("tell the same, plain, compressed, as Protocol Buffers and in batches", {}, async (page) => {
    await page.goto(server.url);
    const base = server.url.replace("http", "ws");
    const forms = ["", "&compression=gzip", "&format=protobuf", "&format=protobuf&compression=gzip", "&batch_ms=50"];
    const told = await page.evaluate(
      async ({ client, base, forms }) => {
        const { listen } = new Function(`${client.replace(/^export /gm, "").split("\nif (globalThis")[0]}\nreturn { listen };`)();
        const heard = forms.map(() => []);
        const sockets = forms.map((form, at) =>
          listen(`${base}api/v1/websocket/ws/custom?subscriptions=custom.*${form}`, (event) => heard[at].push(event)),
        );
        const until = async (is) => {
          for (let tries = 0; tries < 400 && !is(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 25));
        };
        await until(() => heard.every((events) => events[0]?.type === "connection.established"));
        for (const text of ["short", "long ".repeat(2000), "Ünïcode ✓"]) {
          const body = JSON.stringify({ type: "custom.forms", data: { text }, priority: "high", metadata: { by: "test" } });
          await fetch("/api/v1/events", { method: "POST", headers: { "content-type": "application/json" }, body });
        }
        sockets.forEach((socket) => socket.send(JSON.stringify({ action: "ping" })));
        await until(() => heard.every((events) => events.length >= 5));
        sockets.forEach((socket) => socket.close());
        return heard.map((events) => events.filter(({ type }) => type !== "connection.established"));
      },
      { client: CLIENT, base, forms },
    );
    const seen = told.map((events) => events.filter(({ type }) => type === "custom.forms").map(({ timestamp: _, ...event }) => event));
    assert.equal(seen[0].length, 3);
    assert.deepEqual(seen[0].map(({ seq, priority, metadata }) => [typeof seq, priority, metadata.by]), Array(3).fill(["number", "high", "test"]));
    assert.equal(seen[0][1].data.text.length, 10_000);
    for (const [at, form] of forms.entries()) {
      assert.deepEqual(seen[at], seen[0], form);
      assert.ok(told[at].some(({ type }) => type === "pong"), form);
    }
  });
});
