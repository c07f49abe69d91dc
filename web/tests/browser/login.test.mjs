// Logging in over plain HTTP, and what is left of it: scopes, the end of a login in mid-form, other people.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { accessible, inBrowser, panel, PHONE, pill, server, shoot, withServer } from "./support.mjs";

const SETTINGS = `[auth]
users = true
api_keys = true
login_attempts_per_minute = 1000
`;
const PASSWORD = "correct horse battery";
/** What the browser reports of calls that are refused. */
const REFUSED = /401|403|4501|429/;
const ALL = "sessions:start,sessions:read,sessions:answer,sessions:cancel,workflows:read,events:read";

withServer(
  async () => SETTINGS,
  async () => {
    server.command(["users", "add", "ada"], `${PASSWORD}\n`);
    server.command(["users", "add", "bob", "--scopes", "sessions:read,workflows:read"], `${PASSWORD}\n`);
    server.command(["users", "add", "root", "--scopes", "admin"], `${PASSWORD}\n`);
  },
);

const at = (path) => `${server.url}app/${path}`;
/** The passwords that are not the first one any more. */
const passwords = new Map();

/** Fills the form in, wherever it stands. */
async function logIn(page, name, password = passwords.get(name) ?? PASSWORD) {
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in", exact: true }).click();
}

async function opened(page, path, name) {
  await page.goto(at(path));
  await logIn(page, name);
  await page.getByRole("button", { name: `Account: ${name}` }).waitFor();
}

/** Ends all logins of somebody, as every change of a password does. */
function endLogins(name) {
  passwords.set(name, `another password ${performance.now()}`);
  server.command(["users", "passwd", name], `${passwords.get(name)}\n`);
}

/** Starts a session of ada's that asks for a form. */
async function asks(page) {
  const token = await page.evaluate(() => sessionStorage.getItem("callboard:token"));
  const answer = await fetch(`${server.url}start-task`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify({ task: "long_running_task", config: { step_delay_ms: 1 } }),
  });
  return (await answer.json()).session_id;
}

describe("logging in", () => {
  inBrowser("says what is wrong, then leads to where one wanted to go, and stays over a reload", { mayComplain: REFUSED }, async (page) => {
    await page.goto(at("events"));
    await page.getByRole("heading", { name: "Log in" }).waitFor();
    await page.getByRole("button", { name: "Log in", exact: true }).click();
    await page.getByText("Enter your name and your password.").waitFor();
    await logIn(page, "ada", "correct horse battery?");
    await page.getByText("The name or the password is wrong.").waitFor();
    await shoot(page, "login-wrong");
    await logIn(page, "ada");
    await page.getByRole("heading", { name: "Events" }).waitFor();
    await pill(page, "Live").waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Events" }).waitFor();
    await pill(page, "Live").waitFor();
    assert.equal(await page.evaluate(() => JSON.stringify({ ...localStorage }).includes("cbl_")), false);
  });

  inBrowser("waits where there were too many attempts, and says for how long", { mayComplain: REFUSED }, async (page) => {
    await page.goto(at("tasks"));
    await page.route("**/login", (route) => route.fulfill({ status: 429, headers: { "Retry-After": "2" }, contentType: "application/problem+json", json: { status: 429, code: "too_many_requests", detail: "There are too many requests; try again later." } }));
    await logIn(page, "ada");
    await page.getByText(/Too many attempts\. Try again in [12] s\./).waitFor();
    const button = page.getByRole("button", { name: "Log in", exact: true });
    assert.equal(await button.getAttribute("aria-disabled"), "true");
    await page.unroute("**/login");
    await page.locator('.login-form [type="submit"]:not([aria-disabled])').waitFor();
    await button.click();
    await page.getByRole("button", { name: "Account: ada" }).waitFor();
  });

  inBrowser("takes an API key as well", { mayComplain: REFUSED }, async (page) => {
    const key = server.command(["keys", "create", "--name", "page", "--owner", "eve", "--scopes", ALL]).trim();
    await page.goto(at("tasks"));
    await page.getByRole("button", { name: "Use an API key or token" }).click();
    await page.getByLabel("API key or token").fill(`${key.slice(0, -1)}!`);
    await page.keyboard.press("Enter");
    await page.getByText("The server does not accept this.").waitFor();
    await page.getByLabel("API key or token").fill(key);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Account: eve" }).waitFor();
    await pill(page, "Live").waitFor();
  });

  inBrowser("says who one is and what one may do, and logs out again", { mayComplain: REFUSED }, async (page) => {
    await opened(page, "tasks", "ada");
    await page.getByRole("button", { name: "Account: ada" }).click();
    const dialog = page.getByRole("dialog", { name: "Account" });
    await dialog.getByText("Answer questions").waitFor();
    assert.equal(await dialog.getByText("Everything, for all owners").count(), 0);
    await shoot(page, "account");
    await dialog.getByRole("button", { name: "Log out" }).click();
    await page.getByRole("heading", { name: "Log in" }).waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    await page.reload();
    await page.getByRole("heading", { name: "Log in" }).waitFor();
  });
});

describe("a login that ends while a form is typed", () => {
  inBrowser("is asked for over the page, and afterwards the form is as it was, and can be sent", { mayComplain: REFUSED }, async (page) => {
    await opened(page, "tasks", "ada");
    const id = await asks(page);
    await page.goto(at(`tasks/${id}`));
    const form = panel(page, "input");
    await form.getByLabel(/subject/i).fill("Typed before");
    await form.getByLabel(/body/i).fill("Half past seven");
    const url = page.url();
    endLogins("ada");
    const dialog = page.getByRole("dialog", { name: "Your login has ended" });
    await dialog.waitFor();
    await pill(page, "Logged out").waitFor();
    await shoot(page, "login-ended");
    assert.equal(await dialog.getByLabel("Name", { exact: true }).inputValue(), "ada");
    await logIn(page, "ada", "wrong");
    await dialog.getByText("The name or the password is wrong.").waitFor();
    await logIn(page, "ada");
    await dialog.waitFor({ state: "detached" });
    await pill(page, "Live").waitFor();
    assert.equal(page.url(), url);
    assert.equal(await form.getByLabel(/subject/i).inputValue(), "Typed before");
    assert.equal(await form.getByLabel(/body/i).inputValue(), "Half past seven");
    await form.getByLabel(/address/i).fill("crew@board.example");
    await form.getByRole("button", { name: "Send" }).click();
    await panel(page, "retry").waitFor();
  });

  inBrowser("holds back what is sent in between, and sends it after the next login", { mayComplain: REFUSED }, async (page) => {
    await opened(page, "inbox", "ada");
    await asks(page);
    await page.locator(`.inbox-row`, { hasText: "Long running task" }).last().getByRole("link", { name: /^Fill in/ }).click();
    const form = panel(page, "input");
    await form.getByLabel(/subject/i).fill("Tonight");
    await form.getByLabel(/body/i).fill("Half past seven");
    await form.getByLabel(/address/i).fill("crew@board.example");
    endLogins("ada");
    const dialog = page.getByRole("dialog", { name: "Your login has ended" });
    await dialog.waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Log in again" }).waitFor();
    await form.getByRole("button", { name: "Send" }).click();
    await dialog.getByText("what you sent waits").waitFor();
    await shoot(page, "login-held");
    await logIn(page, "ada");
    await dialog.waitFor({ state: "detached" });
    await page.locator(`.inbox-row[data-chosen]`, { hasText: "Attempt 1 failed" }).waitFor();
  });

  inBrowser("shows nothing of it to whoever else logs in, and does nothing in their name", { mayComplain: REFUSED }, async (page) => {
    await opened(page, "tasks", "ada");
    await page.goto(at(`tasks/${await asks(page)}`));
    await panel(page, "input").waitFor();
    endLogins("ada");
    await page.getByRole("dialog", { name: "Your login has ended" }).waitFor();
    await logIn(page, "bob");
    await page.getByRole("button", { name: "Account: bob" }).waitFor();
    await page.waitForURL(/\/app\/tasks$/);
    assert.equal(await panel(page, "input").count(), 0);
  });
});

describe("what somebody may not do", () => {
  inBrowser("is not offered, and an address that leads there says what is missing", { mayComplain: REFUSED }, async (page) => {
    await opened(page, "tasks", "bob");
    await page.getByRole("heading", { name: "Sessions" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Start a task" }).count(), 0);
    const views = await page.locator(".rail li a").allTextContents();
    assert.deepEqual(views, ["Inbox", "Tasks", "Workflows"]);
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "Search commands" }).fill("metrics");
    assert.equal(await page.getByRole("option", { name: /Metrics/ }).count(), 0);
    await page.keyboard.press("Escape");
    await page.goto(at("metrics"));
    await page.getByRole("heading", { name: "You may not see metrics" }).waitFor();
    await page.getByText("metrics:read").waitFor();
    await shoot(page, "not-allowed");
    await page.goto(at("workflows"));
    await page.getByRole("heading", { name: "Workflows", exact: true }).waitFor();
    assert.equal(await page.getByRole("link", { name: "New workflow" }).count(), 0);
  });

  inBrowser("is little for an administrator", { mayComplain: REFUSED }, async (page) => {
    await opened(page, "connections", "root");
    await page.getByRole("heading", { name: "Connections" }).waitFor();
    await page.getByRole("button", { name: "Account: root" }).click();
    await page.getByText("Do everything on this server").waitFor();
  });
});

describe("the login", () => {
  for (const colorScheme of ["light", "dark"]) {
    inBrowser(`has no findings of axe in the ${colorScheme} theme`, { colorScheme, reducedMotion: "reduce", mayComplain: REFUSED }, async (page) => {
      await page.goto(at("tasks"));
      await page.getByRole("heading", { name: "Log in" }).waitFor();
      await shoot(page, `login-${colorScheme}`);
      await accessible(page, "login");
      await logIn(page, "ada", "wrong");
      await page.getByText("The name or the password is wrong.").waitFor();
      await accessible(page, "wrong password");
      await logIn(page, "ada");
      await page.getByRole("button", { name: "Account: ada" }).click();
      await page.getByRole("dialog", { name: "Account" }).waitFor();
      await shoot(page, `account-${colorScheme}`);
      await accessible(page, "account");
      await page.keyboard.press("Escape");
      endLogins("ada");
      await page.getByRole("dialog", { name: "Your login has ended" }).waitFor();
      await shoot(page, `login-ended-${colorScheme}`);
      await accessible(page, "ended");
    });
  }

  inBrowser("fits on a phone", { ...PHONE, mayComplain: REFUSED }, async (page) => {
    const fits = async (name) => {
      await shoot(page, name);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is wider than the screen`);
    };
    await page.goto(at("inbox"));
    await page.getByRole("heading", { name: "Log in" }).waitFor();
    await fits("phone-login");
    await accessible(page, "phone login");
    await logIn(page, "ada");
    await page.getByRole("heading", { name: "Inbox" }).waitFor();
    await fits("phone-after-login");
    await page.getByRole("button", { name: "Account: ada" }).tap();
    await page.getByRole("dialog", { name: "Account" }).waitFor();
    await fits("phone-account");
  });
});
