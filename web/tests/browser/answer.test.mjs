// One question by a link, on a phone: against a played server.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { accessible, inBrowser, panel, PHONE, server, shoot, withServer } from "./support.mjs";

withServer();

const TOKEN = "cbs_token";
const REFUSED = /401|410|422|503/;
const CONFIRM = {
  request_id: "22222222-2222-4222-8222-222222222222", type: "request_confirmation",
  message: "Pay 120 euros to Ada?", asked_at: Date.now() / 1000 - 60, expires_at: Date.now() / 1000 + 3600, default: false,
  context: { title: "Order with approval → Approval", source: { workflow_id: "order", node_id: "Approval-1" }, details: { amount: 120, to: "Ada" } },
};
const FORM = {
  ...CONFIRM, type: "request_user_input", message: "Where to?", context: undefined,
  fields: [{ name: "to_address", description: "Recipient", type: "email", required: true }],
};

/** The server's side of a link. `refusal` is what it says instead. */
class PlayedLink {
  constructor(request) {
    this.request = request;
    this.refusal = null;
    this.answers = [];
    this.asked = [];
  }

  async play(page) {
    await page.route("**/shared", (route) => this.#answer(route));
    page.on("request", (request) => this.asked.push(new URL(request.url()).pathname));
  }

  #answer(route) {
    const request = route.request();
    const refuse = ({ status, ...problem }) => route.fulfill({ status, contentType: "application/problem+json", json: { type: "about:blank", title: "", status, detail: "No.", ...problem } });
    if (request.headers()["authorization"] !== `Bearer ${TOKEN}`) return refuse({ status: 401, code: "unauthenticated" });
    if (this.refusal) return refuse(this.refusal);
    if (request.method() === "GET") return route.fulfill({ json: { request: this.request, by: "link:Ada", expires_at: Date.now() / 1000 + 86_400 } });
    const body = request.postDataJSON();
    if (body.values && !body.values.to_address.endsWith(".example")) {
      return refuse({ status: 422, code: "invalid_body", errors: [{ loc: ["body", "values", "to_address"], msg: "must be an address of ours", type: "invalid_value" }] });
    }
    this.answers.push(body);
    this.refusal = { status: 410, code: "link_used" };
    return route.fulfill({ json: {} });
  }
}

async function opened(page, request, token = TOKEN) {
  const link = new PlayedLink(request);
  await link.play(page);
  await page.goto(`${server.url}app/answer#${token}`);
  return link;
}

const settled = (page) => page.locator('.question [role="group"]:not([aria-disabled])').waitFor();
const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

describe("a question by a link", () => {
  inBrowser("shows nothing but itself with its context, and takes one answer", PHONE, async (page) => {
    const link = await opened(page, CONFIRM);
    await panel(page, "confirmation").getByText("Pay 120 euros to Ada?").waitFor();
    await page.getByText("Order with approval → Approval").waitFor();
    await page.getByText("120", { exact: true }).waitFor();
    assert.equal(await page.locator("nav, a").count(), 0);
    await shoot(page, "phone-answer");
    assert.ok(await fits(page));
    await settled(page);
    await panel(page, "confirmation").getByRole("button", { name: "Yes" }).tap();
    await page.getByRole("heading", { name: "Your answer was sent" }).waitFor();
    await shoot(page, "phone-answer-given");
    assert.deepEqual(link.answers, [{ value: true }]);
    // Nothing else is asked of the server, and no login.
    assert.deepEqual([...new Set(link.asked.filter((path) => !path.startsWith("/static/") && !path.startsWith("/app/") && !/favicon|theme/.test(path)))], ["/shared"]);
    await page.reload();
  });

  inBrowser("keeps a form that is refused, and what was typed over a reload", { ...PHONE, mayComplain: REFUSED }, async (page) => {
    const link = await opened(page, FORM);
    const form = panel(page, "input");
    await form.getByLabel("Recipient").fill("ada@elsewhere.com");
    await settled(page);
    await form.getByRole("button", { name: "Send" }).tap();
    await form.getByText("Must be an address of ours.").waitFor();
    await shoot(page, "phone-answer-form");
    await page.reload();
    await form.waitFor();
    assert.equal(await form.getByLabel("Recipient").inputValue(), "ada@elsewhere.com");
    await form.getByLabel("Recipient").fill("ada@board.example");
    await settled(page);
    await form.getByRole("button", { name: "Send" }).tap();
    await page.getByRole("heading", { name: "Your answer was sent" }).waitFor();
    assert.deepEqual(link.answers, [{ values: { to_address: "ada@board.example" } }]);
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  });

  inBrowser("may be the offer of another attempt", PHONE, async (page) => {
    const link = await opened(page, { request_id: CONFIRM.request_id, type: "task_failed", error: "The printer is out of paper", can_retry: true, attempt: 2, asked_at: CONFIRM.asked_at });
    await panel(page, "retry").getByText("Attempt 2 failed:").waitFor();
    await panel(page, "retry").getByText("The printer is out of paper").waitFor();
    await page.getByText("You were asked for one answer, as Ada.").waitFor();
    await settled(page);
    await panel(page, "retry").getByRole("button", { name: "Give up" }).tap();
    await page.getByRole("heading", { name: "Your answer was sent" }).waitFor();
    assert.deepEqual(link.answers, [{ value: false }]);
  });

  inBrowser("says why there is nothing to answer", { ...PHONE, mayComplain: REFUSED }, async (page) => {
    const link = await opened(page, CONFIRM);
    for (const [code, words] of [["link_used", "This link has been used"], ["link_expired", "This link has expired"], ["already_answered", "Somebody else has answered"], ["request_closed", "This question is not asked any more"]]) {
      link.refusal = { status: 410, code };
      await page.reload();
      await page.getByRole("heading", { name: words }).waitFor();
      assert.equal(await page.locator(".question").count(), 0);
    }
    await page.goto(`${server.url}app/answer#wrong`);
    await page.getByRole("heading", { name: "This link does not work" }).waitFor();
    await page.goto(`${server.url}app/answer`);
    await page.getByRole("heading", { name: "This link is incomplete" }).waitFor();
    await shoot(page, "phone-answer-incomplete");
  });

  inBrowser("says that somebody else was faster, also while it is open", { mayComplain: REFUSED }, async (page) => {
    const link = await opened(page, CONFIRM);
    await panel(page, "confirmation").waitFor();
    await settled(page);
    link.refusal = { status: 410, code: "already_answered" };
    await panel(page, "confirmation").getByRole("button", { name: "No" }).click();
    await page.getByRole("heading", { name: "Somebody else has answered" }).waitFor();
  });

  inBrowser("may be answered once more where the server was busy", { mayComplain: REFUSED }, async (page) => {
    const link = await opened(page, CONFIRM);
    await panel(page, "confirmation").waitFor();
    await settled(page);
    link.refusal = { status: 503, code: "shutting_down", detail: "The server is going down; try again later." };
    await panel(page, "confirmation").getByRole("button", { name: "Yes" }).click();
    await page.getByText("The server is going down").waitFor();
    link.refusal = null;
    await panel(page, "confirmation").getByRole("button", { name: "Yes" }).click();
    await page.getByRole("heading", { name: "Your answer was sent" }).waitFor();
  });

  for (const colorScheme of ["light", "dark"]) {
    inBrowser(`has no findings of axe in the ${colorScheme} theme`, { ...PHONE, colorScheme, reducedMotion: "reduce", mayComplain: REFUSED }, async (page) => {
      const link = await opened(page, CONFIRM);
      await settled(page);
      await shoot(page, `phone-answer-${colorScheme}`);
      await accessible(page, "answer");
      link.refusal = { status: 410, code: "link_expired" };
      await page.reload();
      await page.getByRole("heading", { name: "This link has expired" }).waitFor();
      await accessible(page, "expired");
    });
  }
});
