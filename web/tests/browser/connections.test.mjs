// The view Connections, against an admin interface that is played.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { PlayedAdmin } from "./numbers.mjs";
import { inBrowser, PHONE, pill, server, shoot, withServer } from "./support.mjs";

withServer();

const view = () => `${server.url}app/connections`;
const names = (page) => page.locator(".connection-table tbody th a").allTextContents();

async function opened(page, options = {}, path = "") {
  const admin = new PlayedAdmin(options);
  await admin.play(page);
  await page.goto(`${view()}${path}`);
  return admin;
}

async function accessible(page, place) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(serious.map(({ id, nodes }) => `${place}: ${id} ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("\n")}`), []);
}

describe("connections", () => {
  inBrowser("stand in a table that can be ordered and searched, and the address keeps that", {}, async (page) => {
    await opened(page);
    await page.locator(".connection-table tbody tr").nth(11).waitFor();
    await pill(page, "Live").waitFor();
    // The oldest first.
    assert.equal((await names(page))[0], "dashboard");
    await shoot(page, "connections-light");
    await page.getByRole("button", { name: "Queue" }).click();
    assert.equal((await names(page))[0], "client-3");
    assert.equal(await page.locator("th", { hasText: "Queue" }).getAttribute("aria-sort"), "descending");
    await page.getByRole("button", { name: "Client", exact: true }).click();
    assert.deepEqual((await names(page)).slice(0, 3), ["client-1", "client-2", "client-3"]);
    await page.keyboard.press("/");
    await page.keyboard.type("orders");
    await page.getByText("3 of 12").waitFor();
    assert.deepEqual(await names(page), ["client-1", "client-6", "client-11"]);
    await page.reload();
    await page.getByText("3 of 12").waitFor();
    await page.getByLabel("Kind of socket").selectOption("custom");
    assert.match(page.url(), /q=orders&kind=custom&sort=client_id/);
    await page.getByLabel("Search by client").fill("");
    await page.getByLabel("Include sessions and workflows").check();
    await page.getByRole("link", { name: "c0-90" }).waitFor();
    assert.match(page.url(), /all=true/);
    await page.getByLabel("Search by client").fill("nothing like it");
    await page.getByRole("heading", { name: "No matching connections" }).waitFor();
  });

  inBrowser("are shown live beside the table, until they have gone", { mayComplain: /404/ }, async (page) => {
    const admin = await opened(page);
    await page.getByRole("link", { name: "client-6" }).click();
    const drawer = page.getByRole("complementary", { name: "Connection client-6" });
    await drawer.getByText("execution.*").first().waitFor();
    await drawer.getByText(/messages · \d+(\.\d+)?\/s/).first().waitFor();
    await drawer.getByText('"min_priority": "high"').waitFor();
    await shoot(page, "connections-drawer");
    assert.match(page.url(), /connections\/client-6$/);
    await page.reload();
    await drawer.getByText("Queued").waitFor();
    admin.rows = admin.rows.filter(({ client_id }) => client_id !== "client-6");
    await drawer.getByText("This connection is closed.").waitFor();
    await page.keyboard.press("u");
    await drawer.waitFor({ state: "detached" });
    await page.keyboard.press("j");
    await page.getByRole("complementary", { name: "Connection dashboard" }).waitFor();
  });

  inBrowser("are closed only after a question", { mayComplain: /404/ }, async (page) => {
    const admin = await opened(page, {}, "/client-2");
    await page.getByRole("button", { name: "Disconnect" }).click();
    const dialog = page.getByRole("dialog", { name: "Disconnect client-2?" });
    await shoot(page, "connections-disconnect");
    await dialog.getByRole("button", { name: "Keep it connected" }).click();
    assert.equal(admin.asked.some(({ asked }) => asked.startsWith("POST")), false);
    await page.getByRole("button", { name: "Disconnect" }).click();
    await dialog.getByRole("button", { name: "Disconnect" }).click();
    await page.locator(".toast", { hasText: "client-2 was disconnected." }).waitFor();
    await page.getByText("This connection is closed.").waitFor();
    assert.equal((await names(page)).includes("client-2"), false);
    await page.getByRole("button", { name: "Close stale connections" }).click();
    await page.getByRole("button", { name: "Close them" }).click();
    await page.locator(".toast", { hasText: "2 stale connections were closed." }).waitFor();
  });

  inBrowser("are told an event, all or those that asked", { mayComplain: /422/ }, async (page) => {
    const admin = await opened(page);
    await page.locator(".connection-table").waitFor();
    await page.keyboard.press("b");
    const dialog = page.getByRole("dialog", { name: "Broadcast an event" });
    await dialog.getByText("Goes to 12 connections").waitFor();
    await dialog.getByLabel("To", { exact: true }).selectOption("queue");
    await dialog.getByText("Goes to 3 connections").waitFor();
    await dialog.getByLabel("Type").fill("execution.started");
    await dialog.getByLabel("Data, as JSON").fill("[1");
    await dialog.getByRole("button", { name: "Broadcast" }).click();
    await dialog.getByText("A type begins with custom.").waitFor();
    await dialog.getByText("This is not JSON").waitFor();
    await shoot(page, "connections-broadcast-wrong");
    assert.equal(admin.asked.some(({ asked }) => asked.startsWith("POST")), false);
    await dialog.getByLabel("Data, as JSON").fill('{"text": "The doors open"}');
    await dialog.getByLabel("Type").fill("custom.refused");
    await dialog.getByRole("button", { name: "Broadcast" }).click();
    await dialog.getByText("body.data: needs a text").waitFor();
    await dialog.getByLabel("Type").fill("custom.notice");
    await dialog.getByLabel("Priority").selectOption("high");
    await dialog.getByRole("button", { name: "Broadcast" }).click();
    await page.locator(".toast", { hasText: "custom.notice was told to 3 connections." }).waitFor();
    const { asked, body } = admin.asked.filter(({ asked }) => asked.startsWith("POST")).at(-1);
    assert.equal(asked, "POST broadcast/queue");
    assert.deepEqual(body, { type: "custom.notice", priority: "high", data: { text: "The doors open" } });
  });

  inBrowser("can be more than one page", {}, async (page) => {
    const admin = await opened(page, { count: 450 });
    await page.locator(".connection-table tbody tr").nth(199).waitFor();
    await page.getByText("450 event listeners").waitFor();
    await page.getByRole("button", { name: "Load more" }).click();
    await page.locator(".connection-table tbody tr").nth(399).waitFor();
    admin.rows = [];
    await page.getByRole("heading", { name: "No event listeners" }).waitFor();
    await shoot(page, "connections-none");
  });

  for (const colorScheme of ["light", "dark"]) {
    inBrowser(`have no serious findings of axe in the ${colorScheme} theme`, { colorScheme, reducedMotion: "reduce" }, async (page) => {
      await opened(page, {}, "/client-3?sort=queued_bytes");
      await page.getByRole("complementary").getByText("Queued").waitFor();
      await shoot(page, `connections-drawer-${colorScheme}`);
      await accessible(page, `drawer ${colorScheme}`);
      await page.getByRole("button", { name: "Broadcast" }).click();
      await page.getByText("Goes to 12 connections").waitFor();
      await shoot(page, `connections-broadcast-${colorScheme}`);
      await accessible(page, `broadcast ${colorScheme}`);
    });
  }

  inBrowser("fit on a phone", PHONE, async (page) => {
    await opened(page);
    await page.locator(".connection-table tbody tr").first().waitFor();
    await shoot(page, "connections-phone");
    const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
    assert.ok(await fits());
    await page.getByRole("link", { name: "client-3" }).tap();
    await page.getByRole("complementary").getByText("Queued").waitFor();
    await shoot(page, "connections-phone-drawer");
    assert.ok(await fits());
    await page.getByRole("link", { name: "Close the details" }).tap();
    await page.getByRole("button", { name: "Broadcast" }).tap();
    await shoot(page, "connections-phone-broadcast");
    assert.ok(await fits());
  });
});
