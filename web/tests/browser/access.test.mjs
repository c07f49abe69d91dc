// API keys and users, as an administrator sees them.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { accessible, inBrowser, PHONE, pill, server, shoot, withServer } from "./support.mjs";

const PASSWORD = "correct horse battery";
const REFUSED = /401|403|409|422|4501/;

withServer(
  async () => "[auth]\nusers = true\napi_keys = true\nlogin_attempts_per_minute = 1000\n",
  async () => void server.command(["users", "add", "root", "--scopes", "admin"], `${PASSWORD}\n`),
);

async function logIn(page, name, password) {
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in", exact: true }).click();
  await page.getByRole("button", { name: `Account: ${name}` }).waitFor();
}

async function opened(page, path) {
  await page.goto(`${server.url}app/access${path}`);
  await logIn(page, "root", PASSWORD);
}

const listed = (page) => page.locator(".access-table tbody th").allTextContents();
const asks = (key) => fetch(`${server.url}tasks`, { headers: { Authorization: `Bearer ${key}` } }).then(({ status }) => status);

describe("API keys", () => {
  inBrowser("are made with scopes and an end, shown once, and revoked after a question", { mayComplain: REFUSED, permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
    await opened(page, "");
    await page.getByRole("heading", { name: "No API keys yet" }).waitFor();
    await page.keyboard.press("n");
    const form = page.getByRole("dialog", { name: "Create an API key" });
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("maxlength")), "100");
    await form.getByRole("button", { name: "Nothing" }).click();
    await form.getByLabel("Owner", { exact: true }).fill("");
    await form.getByRole("button", { name: "Create the key" }).click();
    await form.getByText("Say what the key is for.").waitFor();
    await form.getByText("Choose what may be done with it.").waitFor();
    await shoot(page, "key-form-wrong");
    await form.getByLabel("Name").fill("nightly import");
    await form.getByLabel("Owner", { exact: true }).fill(" ada\u0007");
    await form.getByLabel("Start tasks").check();
    await form.getByLabel("See sessions and their questions").check();
    await form.getByLabel("Expires").selectOption({ label: "In 7 days" });
    await form.getByRole("button", { name: "Create the key" }).click();
    await form.getByText(/control characters/).waitFor();
    await form.getByLabel("Owner", { exact: true }).fill("ada");
    await form.getByRole("button", { name: "Create the key" }).click();
    const made = page.getByRole("region", { name: "The key nightly import" });
    const key = await made.locator("code").textContent();
    assert.match(key, /^cbk_\w{36}$/);
    await shoot(page, "key-made");
    await made.getByRole("button", { name: "Copy" }).click();
    await page.locator(".toast", { hasText: "Key copied." }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), key);
    const row = page.locator(".access-table tbody tr", { hasText: "nightly import" });
    await row.getByText(/in [67] d/).waitFor();
    await row.getByText("Start tasks, See sessions and their questions").waitFor();
    assert.equal(await asks(key), 200);
    await page.reload();
    await row.waitFor();
    assert.equal((await page.content()).includes(key), false, "it is shown once");
    await row.getByRole("button", { name: "Revoke nightly import" }).click();
    const question = page.getByRole("dialog", { name: "Revoke nightly import?" });
    await question.getByRole("button", { name: "Keep it" }).click();
    assert.equal(await asks(key), 200);
    await row.getByRole("button", { name: "Revoke nightly import" }).click();
    await question.getByRole("button", { name: "Revoke it" }).click();
    await page.getByRole("heading", { name: "No API keys yet" }).waitFor();
    assert.equal(await asks(key), 401);
  });
});

describe("users", () => {
  inBrowser("are added, changed, given another password, and removed", { mayComplain: REFUSED }, async (page, context) => {
    await opened(page, "/users");
    await page.getByRole("button", { name: "Add a user" }).click();
    const form = page.getByRole("dialog", { name: "Add a user" });
    await form.getByLabel("Name").fill("ada");
    await form.getByLabel("Password").fill("short");
    await form.getByRole("button", { name: "Add the user" }).click();
    await form.getByText("Must have at least 8 characters.").waitFor();
    await form.getByLabel("Password").fill("battery staple");
    await form.getByLabel("Groups").fill("stage, front of house");
    await shoot(page, "user-form");
    await form.getByRole("button", { name: "Add the user" }).click();
    await page.locator(".toast", { hasText: "ada was added." }).waitFor();
    const row = page.locator(".access-table tbody tr", { hasText: "ada" });
    await row.getByText("stage, front of house").waitFor();
    await row.getByText("Everything of their own").waitFor();
    await page.keyboard.press("n");
    await form.getByLabel("Name").fill("ada");
    await form.getByLabel("Password").fill("battery staple");
    await form.getByRole("button", { name: "Add the user" }).click();
    await form.getByText("There is a user of this name already.").waitFor();
    await page.keyboard.press("Escape");

    const other = await context.browser().newContext();
    const hers = await other.newPage();
    await hers.goto(`${server.url}app/tasks`);
    await logIn(hers, "ada", "battery staple");
    await pill(hers, "Live").waitFor();
    await row.getByRole("button", { name: "Change ada" }).click();
    const change = page.getByRole("dialog", { name: "Change ada" });
    await change.getByRole("button", { name: "Only look" }).click();
    await change.getByRole("button", { name: "Save" }).click();
    await row.getByText("See sessions and their questions").waitFor();
    await hers.getByRole("dialog", { name: "Your login has ended" }).waitFor();
    await logIn(hers, "ada", "battery staple");
    await hers.getByRole("link", { name: "Start a task" }).waitFor({ state: "detached" });

    await row.getByRole("button", { name: "Set the password of ada" }).click();
    const secret = page.getByRole("dialog", { name: "Set the password of ada" });
    await secret.getByLabel("New password").fill("another secret");
    await secret.getByRole("button", { name: "Set the password" }).click();
    await page.locator(".toast", { hasText: "ada has a new password." }).waitFor();
    await hers.getByRole("dialog", { name: "Your login has ended" }).waitFor();
    await logIn(hers, "ada", "another secret");

    await row.getByRole("button", { name: "Remove ada" }).click();
    await page.getByRole("dialog", { name: "Remove ada?" }).getByRole("button", { name: "Remove", exact: true }).click();
    await row.waitFor({ state: "detached" });
    assert.deepEqual(await listed(page), ["root"]);
    await hers.getByRole("dialog", { name: "Your login has ended" }).waitFor();
    await other.close();
  });
});

describe("access", () => {
  for (const colorScheme of ["light", "dark"]) {
    inBrowser(`has no findings of axe in the ${colorScheme} theme`, { colorScheme, reducedMotion: "reduce", mayComplain: REFUSED }, async (page) => {
      server.command(["keys", "create", "--name", `ci ${colorScheme}`, "--owner", "ada", "--scopes", "sessions:start,sessions:read"]);
      await opened(page, "");
      await page.locator(".access-table tbody tr").first().waitFor();
      await shoot(page, `keys-${colorScheme}`);
      await accessible(page, "keys");
      await page.keyboard.press("n");
      await page.getByRole("dialog", { name: "Create an API key" }).waitFor();
      await shoot(page, `key-form-${colorScheme}`);
      await accessible(page, "key form");
      await page.keyboard.press("Escape");
      await page.getByRole("link", { name: "Users" }).click();
      await page.locator(".access-table tbody tr").first().waitFor();
      await shoot(page, `users-${colorScheme}`);
      await accessible(page, "users");
    });
  }

  inBrowser("fits on a phone", { ...PHONE, mayComplain: REFUSED }, async (page) => {
    const fits = async (name) => {
      await shoot(page, name);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is wider than the screen`);
    };
    await opened(page, "");
    await page.locator(".access-table tbody tr").first().waitFor();
    await fits("phone-keys");
    await page.getByRole("button", { name: "Create a key" }).tap();
    await page.getByRole("dialog", { name: "Create an API key" }).waitFor();
    await fits("phone-key-form");
    await accessible(page, "phone key form");
  });
});
