// Questions that several people answer, and that are shared by a link, in a real browser.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { accessible, inBrowser, open, panel, PHONE, server, shoot, status, withServer } from "./support.mjs";

withServer();

const MANY = { message: "Pay 1,200 euros to Northwind?", assignees: ["bo", "group:finance"], required_answers: 2 };

async function answerAs(name, id) {
  const headers = { "Content-Type": "application/json", "X-Client-Id": name };
  const answer = await fetch(`${server.url}sessions/${id}/confirm`, { method: "POST", headers, body: JSON.stringify({ value: true }) });
  assert.equal(answer.status, 200);
}

/** Makes a link for the open question; gives its address. */
async function share(page, card, length) {
  await card.getByRole("button", { name: "Share" }).click();
  await card.getByRole("button", { name: length }).click();
  const link = card.getByLabel("The link");
  await link.waitFor();
  return link.inputValue();
}

describe("a question for several people", () => {
  inBrowser("says who may answer and who has, and goes on with the last yes", {}, async (page) => {
    const id = await open(page, "approval", MANY);
    const card = panel(page, "confirmation");
    await card.getByText("Can be answered by the owner, bo and the group finance.").waitFor();
    await card.getByText("0 of 2 said yes. 2 more needed; one no decides.").waitFor();
    await shoot(page, "people-asked");
    await answerAs("bo", id);
    await card.getByText("1 of 2 said yes: bo. 1 more needed; one no decides.").waitFor();
    await accessible(page, "a question for several");
    await page.emulateMedia({ colorScheme: "dark" });
    await accessible(page, "a question for several, dark");
    await shoot(page, "people-given-dark");
    await answerAs("cy", id);
    await status(page, "Completed");
  });

  inBrowser("is shared in two clicks, and answered once by whoever has the link", { permissions: ["clipboard-read", "clipboard-write"] }, async (page) => {
    const id = await open(page, "approval", { message: "Publish it?" });
    const card = panel(page, "confirmation");
    await card.waitFor();
    const url = await share(page, card, "1 day");
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), url);
    assert.ok(url.startsWith(`${server.url}app/answer#`), url);
    await accessible(page, "sharing");
    await shoot(page, "people-shared");
    const headers = { Authorization: `Bearer ${url.split("#")[1]}`, "Content-Type": "application/json" };
    const answer = await fetch(`${server.url}shared`, { method: "POST", headers, body: JSON.stringify({ value: true }) });
    assert.equal(answer.status, 200);
    await status(page, "Completed");
    assert.equal((await fetch(`${server.url}shared`, { headers })).status, 410);
    const { result } = await (await fetch(`${server.url}sessions/${id}`)).json();
    assert.equal(result.approved, true);
  });

  inBrowser("is shared from the inbox, on a phone as well", PHONE, async (page) => {
    await open(page, "approval", { message: "Open the doors?" });
    await page.goto(`${server.url}app/inbox`);
    await page.locator(".inbox-row", { hasText: "Open the doors?" }).getByRole("link").first().click();
    const card = page.locator(".inbox-detail .question");
    await card.waitFor();
    assert.match(await share(page, card, "1 hour"), /#cbs_/);
    await accessible(page, "sharing on a phone");
    await shoot(page, "people-phone");
  });

  inBrowser("is answered by its link on a phone of somebody without a login, who sees nothing else", {}, async (page, context) => {
    await open(page, "approval", { message: "Take the late train?" });
    await open(page, "approval", { message: "Another one, for nobody else?" });
    await page.goBack();
    const card = panel(page, "confirmation");
    await card.getByText("Take the late train?").waitFor();
    const url = await share(page, card, "1 day");
    const phone = await context.browser().newContext(PHONE);
    try {
      const guest = await phone.newPage();
      const asked = [];
      guest.on("request", (request) => asked.push(new URL(request.url())));
      await guest.goto(url);
      const question = panel(guest, "confirmation");
      await question.getByText("Take the late train?").waitFor();
      assert.equal(await guest.getByText("Another one").count(), 0);
      assert.equal(await guest.locator("nav, a").count(), 0);
      await accessible(guest, "a shared question");
      await guest.locator('.question [role="group"]:not([aria-disabled])').waitFor();
      await question.getByRole("button", { name: "Yes" }).tap();
      await guest.getByRole("heading", { name: "Your answer was sent" }).waitFor();
      await status(page, "Completed");
      await guest.reload();
      await guest.getByRole("heading", { name: "This link has been used" }).waitFor();
      const paths = asked.map(({ pathname }) => pathname).filter((path) => !/^\/(static|app)\/|favicon|theme/.test(path));
      assert.deepEqual([...new Set(paths)], ["/shared"]);
      assert.ok(asked.every(({ href }) => !href.replace(/#.*/, "").includes("cbs_")), "the token is in no address that is sent");
    } finally {
      await phone.close();
    }
  });
});
