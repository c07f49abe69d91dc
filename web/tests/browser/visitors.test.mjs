// A server that others can reach and that asks nobody who they are: visitors, and how its operator gets in.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { accessible, inBrowser, panel, pill, PHONE, server, shoot, withServer } from "./support.mjs";

const ADMIN = "operator-token-0123456789";
const REFUSED = /401|403|4501/;

withServer(async () => `[server]\ntrust_loopback = false\nadmin_token = "${ADMIN}"\n`);

const ticket = () => /#ticket=(cbt_\w+)/.exec(server.log)?.[1];
const visitorSees = (page) => page.getByRole("heading", { name: "Nothing is listed to visitors" });

describe("a visitor", () => {
  inBrowser("is shown no lists, is told how to get in, and reaches what it starts", { mayComplain: REFUSED }, async (page) => {
    const refused = [];
    page.on("response", (answer) => answer.status() === 401 && refused.push(answer.url()));
    await page.goto(server.url);
    await visitorSees(page).waitFor();
    assert.deepEqual(await page.locator(".rail li a").allTextContents(), ["Tasks", "Metrics"]);
    await shoot(page, "visitor");
    await accessible(page, "visitor");
    for (const path of ["inbox", "workflows", "events", "agents"]) {
      await page.goto(`${server.url}app/${path}`);
      await visitorSees(page).waitFor();
    }
    await page.goto(`${server.url}app/connections`);
    await page.getByRole("heading", { name: "Connections is for operators" }).waitFor();
    assert.deepEqual(refused, [], "it asks for nothing that it may not have");
    await page.goto(`${server.url}app/tasks`);
    await page.getByRole("link", { name: "Start a task" }).click();
    await page.getByRole("radio", { name: "approval" }).check();
    await page.getByRole("button", { name: "Start approval" }).click();
    await panel(page, "confirmation").locator('[role="group"]:not([aria-disabled])').waitFor();
    await shoot(page, "visitor-session");
    await panel(page, "confirmation").getByRole("button", { name: "Yes" }).click();
    await page.locator(".session-line .status", { hasText: "Completed" }).waitFor();
  });

  inBrowser("sees the same on a phone", { ...PHONE, mayComplain: REFUSED }, async (page) => {
    await page.goto(server.url);
    await visitorSees(page).waitFor();
    await shoot(page, "phone-visitor");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await accessible(page, "phone visitor");
  });
});

describe("the operator", () => {
  inBrowser("gets in by the ticket that the start shows, once, and it does not stay in the address", { mayComplain: REFUSED }, async (page, context) => {
    await page.goto(`${server.url}#ticket=${ticket()}`);
    await page.getByRole("button", { name: "Account: Operator" }).waitFor();
    await page.getByRole("heading", { name: "Sessions" }).waitFor();
    await pill(page, "Live").waitFor();
    assert.equal(page.url().includes("ticket"), false);
    await page.goBack().catch(() => null);
    assert.equal(page.url().includes("ticket"), false);
    await page.goto(`${server.url}app/connections`);
    await page.getByRole("heading", { name: "Connections" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Account: Operator" }).waitFor();
    const other = await (await context.browser().newContext()).newPage();
    await other.goto(`${server.url}#ticket=${ticket()}`);
    await visitorSees(other).waitFor();
    await other.getByText("The ticket in this address is not good any more").waitFor();
    await shoot(other, "visitor-ticket-used");
    await other.context().close();
  });

  inBrowser("gets in with the admin token, and is a visitor again after logging out", { mayComplain: REFUSED }, async (page) => {
    await page.goto(`${server.url}app/events`);
    await visitorSees(page).waitFor();
    await page.getByRole("button", { name: "Use the admin token" }).click();
    const dialog = page.getByRole("dialog", { name: "Become an operator" });
    await dialog.getByLabel("Admin token").fill("wrong");
    await page.keyboard.press("Enter");
    await dialog.getByText("The server does not accept this.").waitFor();
    await shoot(page, "operator-dialog");
    await dialog.getByLabel("Admin token").fill(ADMIN);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Events" }).waitFor();
    await pill(page, "Live").waitFor();
    assert.equal(await page.evaluate((token) => JSON.stringify({ ...localStorage }).includes(token), ADMIN), false);
    await page.getByRole("button", { name: "Account: Operator" }).click();
    await page.getByRole("button", { name: "Log out" }).click();
    await visitorSees(page).waitFor();
  });
});
