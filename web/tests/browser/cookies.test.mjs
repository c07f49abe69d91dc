// Logging in over TLS: the login is a cookie, which scripts cannot read.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { inBrowser, panel, pill, server, status, withServer } from "./support.mjs";

const REFUSED = /401|403|4501/;

withServer(
  async () => "[auth]\nusers = true\nlogin_attempts_per_minute = 1000\n",
  async () => {
    for (const name of ["ada", "bob"]) server.command(["users", "add", name], "correct horse battery\n");
  },
  { isEncrypted: true },
);

async function logIn(page, name = "ada") {
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Log in", exact: true }).click();
}

async function startApproval(page) {
  await page.goto(`${server.url}app/tasks/new/approval`);
  await page.getByRole("button", { name: "Start approval" }).click();
  await panel(page, "confirmation").locator('[role="group"]:not([aria-disabled])').waitFor();
}

describe("over TLS", () => {
  inBrowser("a login is a cookie that no script reads, good for changes, sockets and other tabs", { mayComplain: REFUSED }, async (page, context) => {
    await page.goto(`${server.url}app/tasks`);
    await logIn(page);
    await page.getByRole("button", { name: "Account: ada" }).waitFor();
    const [cookie] = await context.cookies();
    assert.deepEqual([cookie.name, cookie.httpOnly, cookie.secure, cookie.sameSite], ["__Host-callboard", true, true, "Lax"]);
    assert.equal(await page.evaluate(() => document.cookie + JSON.stringify({ ...sessionStorage }) + JSON.stringify({ ...localStorage })).then((all) => all.includes("cbl_")), false);
    await startApproval(page);
    await pill(page, "Live").waitFor();
    await panel(page, "confirmation").getByRole("button", { name: "Yes" }).click();
    await status(page, "Completed");
    const other = await context.newPage();
    await other.goto(`${server.url}app/tasks`);
    await other.getByRole("button", { name: "Account: ada" }).waitFor();
    // A newer login there takes the place of the one here, which goes on with it.
    await other.getByRole("button", { name: "Account: ada" }).click();
    await other.getByRole("button", { name: "Log out" }).click();
    await other.getByRole("heading", { name: "Log in" }).waitFor();
    await logIn(other);
    await other.getByRole("button", { name: "Account: ada" }).waitFor();
    await startApproval(page);
    await panel(page, "confirmation").getByRole("button", { name: "No" }).click();
    await status(page, "Completed");
  });

  inBrowser("logging out ends it in every tab", { mayComplain: REFUSED }, async (page, context) => {
    await page.goto(`${server.url}app/tasks`);
    await logIn(page);
    await pill(page, "Live").waitFor();
    const other = await context.newPage();
    await other.goto(`${server.url}app/tasks`);
    await other.getByRole("button", { name: "Account: ada" }).click();
    await other.getByRole("button", { name: "Log out" }).click();
    await other.getByRole("heading", { name: "Log in" }).waitFor();
    assert.deepEqual(await context.cookies(), []);
    await page.getByRole("dialog", { name: "Your login has ended" }).waitFor();
  });
});
