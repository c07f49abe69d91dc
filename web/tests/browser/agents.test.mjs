// Agents: audits of documents and runs of crews, in a real browser, with checks, programs and a model that plays a script.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { after, describe } from "node:test";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { AWAY, accessible, inBrowser, panel, PHONE, pill, server, shoot, withServer } from "./support.mjs";
import { Model } from "./model.mjs";

const EXAMPLES = fileURLToPath(new URL("../../../examples/agents/", import.meta.url));
const REPORT = join(EXAMPLES, "report.md");
const FOUND = { severity: "warning", rule: "tone", message: "This promises too much.", evidence: "Revenue grew by 12 %" };
const UNQUOTED = { ...FOUND, evidence: "Revenue doubled" };

let model;
let folder;

const program = (name, script) => `[[agent]]\nname = "${name}"\nrole = "${name}"\ngoal = "Help"\nkind = "command"\nconfig = { command = ["python3", "${EXAMPLES}${script}"] }\n`;
const models = (names) => names.map((name) => `[model.${name}]\nbase_url = "${model.url}"\nmodel = "${name}"\nmax_tries = 1\nprice = { input = 3.0, output = 15.0 }\n`).join("");

withServer(async () => {
  folder = mkdtempSync(join(tmpdir(), "callboard-agents-"));
  writeFileSync(join(folder, "sells.md"), "We sell tea.\n");
  model = await new Model({
    critic: [{ slow: JSON.stringify({ findings: [FOUND, UNQUOTED, { ...UNQUOTED, message: "This is a sentence that goes on and on, so that somebody can watch it." }] }), ms: 60 }],
    broken: [{ refuse: 400 }],
    reader: [{ calls: [["read_file", { path: "sells.md" }], ["read_file", { path: "../secret" }]] }, "The shop sells tea."],
    writer: [{ slow: "Tea is what this shop sells, and it has done so for a hundred years, in a street by the sea.", ms: 60 }, "Better: tea, since 1926."],
    asker: [{ calls: [["ask_human", { kind: "confirm", message: "Black or green: is black all right?" }]] }, "Black tea it is."],
  }).start();
  const settings = `[agents]\nfolders = { shop = "${folder}" }\n${models(["critic", "broken", "reader", "writer", "asker"])}`;
  return settings + program("topics", "research.py") + program("sections", "plan.py");
}, async () => {
  for (const id of ["critic", "broken", "asker"]) await agent(id, id === "asker" ? { tools: ["ask_human"] } : {});
  await agent("reader", { tools: ["read_file"] });
  await agent("writer");
});

const api = async (path, body) => {
  const answer = await fetch(`${server.url}${path}`, body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${path}: ${text}`);
  return JSON.parse(text);
};
const at = (path) => `${server.url}app/agents/${path}`;
const agent = (id, more = {}) => api("api/v1/agents", { id, name: id, role: `${id} by trade`, goal: `Be a good ${id}`, kind: "model", llm: id, ...more });
const lane = (page, id) => page.locator(`.lane-card[data-agent="${id}"]`);
const task = (page, name) => page.locator(`.crew-task[data-task="${name}"]`);
const run = (page, name) => page.locator(".run-card", { hasText: name });
const words = (locator, text) => locator.locator(".status", { hasText: text }).waitFor();
const settled = (page) => page.locator('.question [role="group"]:not([aria-disabled])').waitFor();

after(() => {
  model?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Drops files, as a script can: each by its name and text. */
async function drop(page, place, files) {
  const transfer = await page.evaluateHandle((all) => {
    const made = new DataTransfer();
    for (const [name, text] of Object.entries(all)) made.items.add(new File([text], name));
    return made;
  }, files);
  for (const event of ["dragover", "drop"]) await page.dispatchEvent(place, event, { dataTransfer: transfer });
}

/** Starts an audit over HTTP. */
async function audit(document, agents, name = "report.md") {
  return (await api("audits", { document, name, ...(agents && { agents }) })).audit_id;
}

const CREW = {
  name: "Tea shop",
  agents: ["reader", "writer"],
  inputs: { shop: "the one by the sea" },
  budget: { tokens: 20000 },
  tasks: [
    { name: "look", description: "Find out what {shop} sells", agent: "reader", expected_output: "Facts for {audience}" },
    { name: "write", description: "Write a line about it", agent: "writer", human_input: true },
  ],
};

describe("audits", () => {
  inBrowser("take a chosen document, show what agents find as they find it, and lead to the place in the document", {}, async (page) => {
    await page.goto(at("audits"));
    await page.getByRole("heading", { name: "Audit a document" }).waitFor();
    await page.getByRole("button", { name: "Start the audit" }).click();
    await page.getByText("Drop or choose a document").waitFor();
    await page.locator('input[type="file"]').setInputFiles(REPORT);
    await page.getByText("report.md").waitFor();
    await page.getByRole("button", { name: "Start the audit" }).click();
    await page.waitForURL(/\/app\/agents\/audits\/[0-9a-f-]{36}/);
    await words(page.locator(".agents-head"), "Completed");
    for (const id of ["numeric_validation", "logic_consistency", "disclosure_completeness"]) await words(lane(page, id), "Completed");
    assert.equal(await page.locator(".finding").count(), 3);
    const footing = page.locator(".finding", { hasText: "its lines add up to 6475" });
    await footing.locator(".finding-head").click();
    await footing.getByText("6475", { exact: true }).waitFor();
    await footing.getByText("6465", { exact: true }).waitFor();
    await footing.getByText("the same rows add up").waitFor();
    assert.equal(await page.locator(".paper-line[data-chosen] mark").textContent(), "6,465");
    assert.match(page.url(), /finding=\d+/);
    await shoot(page, "agents-audit");
    // The place is in the address: whoever gets the link sees the same.
    await page.reload();
    await page.locator(".paper-line[data-chosen] mark", { hasText: "6,465" }).waitFor();
    // A marked line leads back to its finding.
    await page.getByRole("button", { name: "Show the finding at line 16" }).click();
    await page.locator(".finding[data-chosen]", { hasText: "3 sites are announced" }).waitFor();
    // Only those of one agent, only of one severity.
    await lane(page, "numeric_validation").getByRole("button", { name: "Only these" }).click();
    await page.locator(".finding").nth(1).waitFor({ state: "detached" });
    await lane(page, "numeric_validation").getByRole("button", { name: "Show all findings" }).click();
    await page.getByRole("button", { name: "2 errors" }).click();
    await page.locator(".finding").nth(1).waitFor({ state: "detached" });
  });

  inBrowser("take a document that is dropped", {}, async (page) => {
    await page.goto(at("audits"));
    await drop(page, ".start-audit .drop", { "dropped.csv": ",2024,2023\nRetail,4211,3958\nWholesale,1877,1640\nTotal,6088,5698\n" });
    await page.getByText("dropped.csv").waitFor();
    await page.getByRole("button", { name: "Start the audit" }).click();
    await words(page.locator(".agents-head"), "Completed");
    await page.locator(".finding", { hasText: "add up to 5598" }).locator(".finding-head").click();
    assert.equal(await page.locator(".paper-line[data-chosen] mark").textContent(), "5698");
  });

  inBrowser("are exported as Markdown, CSV and SARIF", {}, async (page) => {
    const id = await audit(readFileSync(REPORT, "utf8"));
    await page.goto(at(`audits/${id}`));
    await words(page.locator(".agents-head"), "Completed");
    for (const [format, ending, begin] of [["Markdown", "md", "#"], ["CSV", "csv", "agent"], ["SARIF", "sarif", "{"]]) {
      await page.getByRole("button", { name: "Export" }).click();
      const [download] = await Promise.all([page.waitForEvent("download"), page.locator(".export-menu").getByRole("button", { name: format }).click()]);
      assert.equal(download.suggestedFilename(), `report-audit.${ending}`);
      const parts = [];
      for await (const part of await download.createReadStream()) parts.push(part);
      const text = Buffer.concat(parts).toString();
      assert.ok(text.startsWith(begin) && text.includes("numeric"), text.slice(0, 200));
    }
    await page.getByRole("button", { name: "Export" }).click();
    await page.keyboard.press("Escape");
    assert.equal(await page.locator(".export-menu").count(), 0);
  });

  inBrowser("have models as agents, whose drafts stream; one that fails leaves the rest; whoever comes late sees all", {}, async (page, context) => {
    await page.goto(at("audits"));
    await page.getByLabel("Or paste its text").fill("# Annual report\n\nRevenue grew by 12 % in 2024.\n");
    for (const name of ["Critic", "Broken"]) await page.getByLabel(name, { exact: true }).check();
    await page.getByLabel("Disclosure completeness").uncheck();
    await page.getByRole("button", { name: "Start the audit" }).click();
    const draft = lane(page, "critic").locator(".lane-draft");
    await draft.waitFor();
    const first = (await draft.textContent()).length;
    await page.waitForFunction((length) => (document.querySelector(".lane-draft")?.textContent.length ?? 0) > length + 10, first);
    await shoot(page, "agents-draft");
    await words(lane(page, "broken"), "Failed");
    await lane(page, "broken").getByText("fell over").waitFor();
    await words(lane(page, "critic"), "Completed");
    await lane(page, "critic").getByText("2 dropped").waitFor();
    await page.locator(".finding", { hasText: "This promises too much." }).locator(".finding-head").click();
    assert.equal(await page.locator(".paper-line[data-chosen] mark").textContent(), FOUND.evidence);
    await words(page.locator(".agents-head"), "Completed");
    const late = await context.newPage();
    await late.goto(page.url());
    await words(lane(late, "critic"), "Completed");
    await lane(late, "broken").getByText("fell over").waitFor();
    assert.equal(await late.locator(".finding").count(), await page.locator(".finding").count());
  });

  inBrowser("show what is no text as it was read", {}, async (page) => {
    const html = "<h1>Report</h1><table><tr><td></td><td>2024</td><td>2023</td></tr><tr><td>A</td><td>4,211</td><td>3,958</td></tr><tr><td>B</td><td>1,877</td><td>1,640</td></tr><tr><td>Total</td><td>6,088</td><td>5,698</td></tr></table>";
    const { audit_id: id } = await api("audits", { document: html, media_type: "text/html", name: "report.html" });
    await page.goto(at(`audits/${id}`));
    const finding = page.locator(".finding", { hasText: "5598" });
    await finding.locator(".finding-place", { hasText: "Table 1, row 4" }).waitFor();
    await finding.locator(".finding-head").click();
    await page.locator(".paper-line[data-chosen] mark", { hasText: "5,698" }).waitFor();
    assert.equal(await page.locator(".paper-line").first().locator(".paper-text").textContent(), "# Report");
  });

  inBrowser("are refused with words beside what is wrong, and an unknown one is said to be so", { mayComplain: /40[04]|422/ }, async (page) => {
    await page.goto(at("audits"));
    const picture = join(folder, "picture.png");
    writeFileSync(picture, Buffer.from("89504e470d0a1a0a0000", "hex"));
    await page.locator('input[type="file"]').setInputFiles(picture);
    await page.getByRole("button", { name: "Start the audit" }).click();
    await page.locator(".start-audit .field-error").waitFor();
    await page.goto(at("audits/7f7cde25-3f6e-4a4f-9d2f-0c5d1c1e8a11"));
    await page.getByRole("heading", { name: /There is no audit/ }).waitFor();
  });

  inBrowser("need no mouse", {}, async (page) => {
    const id = await audit("# R\n\n| | 2024 | 2023 |\n|---|---|---|\n| A | 1 | 2 |\n| B | 2 | 2 |\n| Total | 3 | 5 |\n\nWe have three sites:\n\n- Hamburg\n- Lyon\n");
    await page.goto(at("audits"));
    await page.locator(".agents-session").first().waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("a");
    await page.goto(at(`audits/${id}`));
    await page.locator(".finding").nth(1).waitFor();
    await page.keyboard.press("j");
    await page.locator(".finding[data-chosen]").waitFor();
    const first = await page.locator(".finding[data-chosen]").getAttribute("data-finding");
    await page.keyboard.press("j");
    await page.waitForFunction((before) => document.querySelector(".finding[data-chosen]")?.getAttribute("data-finding") !== before, first);
    await page.keyboard.press("k");
    await page.waitForFunction((before) => document.querySelector(".finding[data-chosen]")?.getAttribute("data-finding") === before, first);
    await page.keyboard.press("u");
    await page.waitForURL(/\/app\/agents\/audits$/);
  });
});

describe("crews", () => {
  inBrowser("are kicked off with their inputs, ask in place, and say what each agent did and what that cost", { mayComplain: /422/ }, async (page) => {
    const { id } = await api("api/v1/crews", CREW);
    await page.goto(at("crews"));
    await page.getByRole("link", { name: "Tea shop" }).click();
    await page.getByRole("heading", { name: "Tea shop" }).waitFor();
    assert.equal(await page.getByLabel(/^Shop/).inputValue(), "the one by the sea");
    await page.getByRole("button", { name: "Kick off" }).click();
    await page.locator('[data-field="audience"] .field-error').waitFor();
    await page.getByLabel("Audience").fill("children");
    await page.getByLabel(/^Folder/).fill("nowhere");
    await page.getByRole("button", { name: "Kick off" }).click();
    await page.locator(".field-error", { hasText: "agents.folders" }).waitFor();
    await page.getByLabel(/^Folder/).fill("shop");
    await page.locator(".kickoff-budget summary").click();
    await page.getByLabel("Turns").fill("none");
    await page.getByRole("button", { name: "Kick off" }).click();
    await page.getByText("A whole number above zero.").waitFor();
    await page.getByLabel("Turns").fill("12");
    await shoot(page, "agents-crew");
    await page.getByRole("button", { name: "Kick off" }).click();
    await page.waitForURL(/\/app\/agents\/runs\//);
    // The draft of the second task streams, while the graph says who works.
    const draft = run(page, "writer").locator('.step[data-kind="draft"]');
    await draft.waitFor();
    await words(task(page, "look"), "Completed");
    await words(task(page, "write"), "Working");
    await shoot(page, "agents-run-draft");
    await panel(page, "confirmation").waitFor();
    await words(task(page, "write"), "Needs you");
    assert.match(await panel(page, "confirmation").textContent(), /for a hundred years/);
    await shoot(page, "agents-run-question");
    await settled(page);
    await panel(page, "confirmation").getByRole("button", { name: "No" }).click();
    await panel(page, "input").getByLabel(/different/i).fill("Shorter!");
    await settled(page);
    await panel(page, "input").getByRole("button", { name: "Send" }).click();
    await panel(page, "confirmation").getByText("since 1926").waitFor();
    await settled(page);
    await panel(page, "confirmation").getByRole("button", { name: "Yes" }).click();
    await words(page.locator(".agents-head"), "Completed");
    await words(task(page, "write"), "Completed");
    const spent = await page.locator(".agents-spent").textContent();
    assert.match(spent, /Tokens6,160 of 20,000/);
    assert.match(spent, /Turns4 of 12/);
    assert.match(spent, /Cost0\.03/);
    // A tool call unfolds.
    await run(page, "reader").getByRole("button", { expanded: false }).click();
    const tools = run(page, "reader").locator(".tool");
    await tools.first().locator("summary").click();
    await tools.first().getByText("We sell tea.").waitFor();
    assert.equal(await tools.nth(1).getAttribute("data-state"), "refused");
    await shoot(page, "agents-run-done");
    await task(page, "look").click();
    await page.getByRole("heading", { name: "Work on look" }).waitFor();
    assert.equal(await page.locator(".run-card").count(), 1);
    await page.reload();
    await page.getByRole("heading", { name: "Work on look" }).waitFor();
    assert.equal((await api(`api/v1/crews/${id}`)).name, "Tea shop");
  });

  inBrowser("go on where they were when the server was killed in mid-draft, and nothing is shown twice", { mayComplain: AWAY }, async (page) => {
    const { id } = await api("api/v1/crews", { ...CREW, name: "Killed", agents: ["writer"], inputs: {}, tasks: [{ name: "write", description: "Write", agent: "writer" }] });
    const { session_id } = await api(`api/v1/crews/${id}/kickoff`, {});
    await page.goto(at(`runs/${session_id}`));
    await run(page, "writer").locator('.step[data-kind="draft"]').waitFor();
    await server.kill("SIGKILL");
    await pill(page, "Reconnecting").waitFor();
    await server.up();
    // The second try may be over before the page is back.
    await words(page.locator(".agents-head"), "Completed");
    await run(page, "writer").getByRole("button", { expanded: false }).click();
    assert.equal(await run(page, "writer").locator('.step[data-kind="turn"]').count(), 1);
  });

  inBrowser("of programs run without a model", {}, async (page) => {
    const { id } = await api("api/v1/crews", {
      name: "Outline", agents: ["topics", "sections"], inputs: { text: "How do tides work? The moon pulls the sea." },
      tasks: [{ name: "research", description: "{text}", agent: "topics" }, { name: "plan", description: "Plan a section for each topic", agent: "sections", context: ["research"] }],
    });
    await page.goto(at(`crews/${id}`));
    await page.getByRole("button", { name: "Kick off" }).click();
    await words(page.locator(".agents-head"), "Completed");
    await page.locator(".outcome", { hasText: "Write a section about" }).waitFor();
    await run(page, "topics").getByRole("button", { expanded: false }).click();
    await run(page, "topics").getByText(/Reading \d+ characters/).waitFor();
  });

  inBrowser("are imported from a CrewAI folder; what cannot be run here is named by file and path", { mayComplain: /422/ }, async (page) => {
    const write = (project, files) => {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, project, path)), { recursive: true });
        writeFileSync(join(folder, project, path), text);
      }
      return join(folder, project);
    };
    const agents = "writer:\n  role: Writer of {topic}\n  goal: Write\n  backstory: Long ago\n";
    const good = write("good", { "config/agents.yaml": agents, "config/tasks.yaml": "draft:\n  description: Draft on {topic}\n  expected_output: A draft\n  agent: writer\n", "main.py": "import os\n" });
    const bad = write("bad", { "config/agents.yaml": `${agents}  tools:\n    - launch_missiles\n`, "config/tasks.yaml": "draft:\n  description: Draft\n  expected_output: A draft\n  agent: nobody\n" });
    await page.goto(at("crews"));
    const picker = page.locator('.import input[type="file"]');
    await picker.setInputFiles(bad);
    await page.locator(".import-faults code", { hasText: "config/agents.yaml" }).waitFor();
    await shoot(page, "agents-import-refused");
    await picker.setInputFiles(good);
    await page.locator(".import-result", { hasText: "Imported" }).waitFor();
    await drop(page, ".import .drop", { "notes.txt": "nothing", "picture.png": "x" });
    await page.getByText("There are no YAML or JSON files in it.").waitFor();
    await drop(page, ".import .drop", { "agents.yaml": agents, "tasks.yaml": "draft:\n  description: Draft on {topic}\n  expected_output: A draft\n  agent: writer\n" });
    await page.locator(".import-result", { hasText: "Imported" }).getByRole("link").click();
    await page.getByLabel("Topic").waitFor();
    await task(page, "draft").or(page.locator(".crew-task", { hasText: "draft" })).first().waitFor();
  });
});

describe("the agents view", () => {
  for (const colorScheme of ["light", "dark"]) {
    inBrowser(`has no findings of axe in the ${colorScheme} theme`, { colorScheme, reducedMotion: "reduce" }, async (page) => {
      const look = async (name) => {
        await shoot(page, `agents-${name}-${colorScheme}`);
        await accessible(page, name);
      };
      const id = await audit("# Annual report\n\nRevenue grew by 12 % in 2024.\n\n| | 2024 | 2023 |\n|---|---:|---:|\n| Retail | 4,211 | 3,958 |\n| Wholesale | 1,877 | 1,640 |\n| Total | 6,088 | 5,698 |\n\nSee note 9.\n", ["numeric_validation", "logic_consistency", "broken", "critic"]);
      await page.goto(at(`audits/${id}`));
      await words(page.locator(".agents-head"), "Completed");
      await page.locator(".finding-head").first().click();
      await page.locator(".paper-line[data-chosen]").waitFor();
      await look("audit");
      await page.goto(at("audits"));
      await page.locator(".agents-session").first().waitFor();
      await look("audits");
      const crew = await api("api/v1/crews", {
        name: "Asks", agents: ["reader", "asker", "writer"], budget: { tokens: 20000 },
        tasks: [
          { name: "look", description: "Find out what they sell", agent: "reader", async_execution: true },
          { name: "choose", description: "Choose a tea", agent: "asker", async_execution: true },
          { name: "write", description: "Write about it", agent: "writer" },
        ],
      });
      await page.goto(at("crews"));
      await page.locator(".crew-list li").first().waitFor();
      await look("crews");
      await page.goto(at(`crews/${crew.id}`));
      await page.locator(".crew-task").nth(2).waitFor();
      await look("crew");
      const { session_id } = await api(`api/v1/crews/${crew.id}/kickoff`, {});
      await page.goto(at(`runs/${session_id}`));
      await panel(page, "confirmation").waitFor();
      await words(task(page, "look"), "Completed");
      await settled(page);
      await look("run");
      await panel(page, "confirmation").getByRole("button", { name: "Yes" }).click();
      await words(page.locator(".agents-head"), "Completed");
      const folded = page.locator('.run-head[aria-expanded="false"]');
      while ((await folded.count()) > 0) await folded.first().click();
      await run(page, "asker").locator(".step-answer", { hasText: "Yes" }).waitFor();
      await page.locator(".tool summary").first().click();
      await look("run-done");
    });
  }

  inBrowser("has what models used among the metrics", {}, async (page) => {
    const { id } = await api("api/v1/crews", { name: "Counted", agents: ["reader"], tasks: [{ name: "look", description: "Look", agent: "reader" }] });
    await page.goto(`${server.url}app/metrics`);
    await page.getByRole("heading", { name: "Metrics" }).waitFor();
    const { session_id } = await api(`api/v1/crews/${id}/kickoff`, {});
    await page.goto(at(`runs/${session_id}`));
    await words(page.locator(".agents-head"), "Completed");
    await page.goto(`${server.url}app/metrics`);
    const part = page.locator(".metrics-question", { has: page.getByRole("heading", { name: "What do models use?" }) });
    await part.locator(".tile", { hasText: "Tokens" }).filter({ hasText: /sent, .* written/ }).waitFor();
    await part.scrollIntoViewIfNeeded();
    await shoot(page, "agents-metrics");
    await accessible(page, "metrics of models");
  });

  inBrowser("fits on a phone", PHONE, async (page) => {
    const fits = async (name) => {
      await shoot(page, name);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is wider than the screen`);
    };
    await page.goto(at("audits"));
    await page.getByRole("heading", { name: "Audit a document" }).waitFor();
    await fits("agents-phone-audits");
    const clipped = await page.locator(".rail li a span:not(.badge)").evaluateAll((all) => all.filter((one) => one.getBoundingClientRect().right > innerWidth).map((one) => one.textContent));
    assert.deepEqual(clipped, []);
    const id = await audit("# R\n\n| | 2024 | 2023 |\n|---|---|---|\n| A | 1 | 2 |\n| B | 2 | 2 |\n| Total | 3 | 5 |\n");
    await page.goto(at(`audits/${id}`));
    await page.locator(".finding-head").first().tap();
    await fits("agents-phone-audit");
    await page.getByRole("button", { name: "Show in the document" }).tap();
    await page.locator(".paper-line[data-chosen]").waitFor();
    await fits("agents-phone-document");
    const { session_id } = await api(`api/v1/crews/${(await api("api/v1/crews", { name: "Phone", agents: ["asker"], tasks: [{ name: "choose", description: "Choose", agent: "asker" }] })).id}/kickoff`, {});
    await page.goto(at(`runs/${session_id}`));
    await panel(page, "confirmation").waitFor();
    await fits("agents-phone-run");
    await accessible(page, "phone");
    await settled(page);
    await panel(page, "confirmation").getByRole("button", { name: "Yes" }).tap();
    await words(page.locator(".agents-head"), "Completed");
    await fits("agents-phone-done");
  });
});
