// The view Metrics, against numbers that are played.

import assert from "node:assert/strict";
import { describe } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { playNumbers } from "./numbers.mjs";
import { AWAY, inBrowser, PHONE, pill, server, shoot, withServer } from "./support.mjs";

withServer();

const view = () => `${server.url}app/metrics`;
const chart = (page, id) => page.locator(`.chart[data-chart="${id}"]`);
const tile = (page, id) => page.locator(`.tile[data-tile="${id}"] .tile-value`);

async function accessible(page, place) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map(({ id, nodes }) => `${place}: ${id} ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("\n")}`), []);
}

/** How much of a chart's canvas is painted with this colour, column by column from left to right. */
const painted = (page, id, token) =>
  chart(page, id).locator("canvas").evaluate((canvas, token) => {
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    const wanted = getComputedStyle(canvas).getPropertyValue(token).trim().match(/[0-9a-f]{2}/gi).map((two) => parseInt(two, 16));
    return Array.from({ length: width }, (_, x) => {
      for (let y = 0; y < height; y += 1) {
        const at = (y * width + x) * 4;
        if (data[at + 3] > 200 && wanted.every((value, place) => Math.abs(data[at + place] - value) < 12)) return 1;
      }
      return 0;
    });
  }, token);

describe("metrics", () => {
  inBrowser("answer three questions over the last fifteen minutes at once, and go on", {}, async (page) => {
    const asked = await playNumbers(page);
    await page.goto(view());
    await page.locator(".u-wrap canvas").nth(8).waitFor();
    await pill(page, "Live").waitFor();
    assert.match(asked[0], /seconds=900$/);
    assert.match(await tile(page, "memory").textContent(), /MiB/);
    assert.match(await tile(page, "success").textContent(), /%/);
    assert.match(await chart(page, "sessions").getByRole("img").getAttribute("aria-label"), /running \d/);
    // Fifteen minutes are drawn, from the left edge to the right.
    const columns = await painted(page, "ticks", "--running");
    const drawn = columns.map((is, x) => (is ? x : -1)).filter((x) => x >= 0);
    assert.ok(drawn.length > columns.length * 0.7, `${drawn.length} of ${columns.length} columns`);
    const before = await tile(page, "lag").textContent();
    await page.waitForFunction(([at, was]) => document.querySelector(at).textContent !== was, ['.tile[data-tile="lag"] .tile-value', before]);
    await page.getByText("HttpRequest-1").waitFor();
    await shoot(page, "metrics-light");
    await page.locator("main").evaluate((main) => (main.scrollTop = main.scrollHeight));
    await shoot(page, "metrics-light-below");
  });

  inBrowser("look back as far as one chooses, and the address keeps that", {}, async (page) => {
    const asked = await playNumbers(page);
    await page.goto(view());
    await page.locator(".u-wrap canvas").nth(8).waitFor();
    await page.getByRole("group", { name: "Range" }).getByRole("button", { name: "1 h" }).click();
    await page.waitForURL(/\?range=1h$/);
    await page.getByText("Ended in the last 1 h, by kind").waitFor();
    assert.match(asked.at(-1), /seconds=3600$/);
    await page.reload();
    await page.getByRole("button", { name: "1 h", pressed: true }).waitFor();
  });

  inBrowser("show failures on top of what went well, and link to what they count", {}, async (page) => {
    await playNumbers(page);
    await page.goto(view());
    await page.locator(".u-wrap canvas").nth(8).waitFor();
    await chart(page, "ends").scrollIntoViewIfNeeded();
    await shoot(page, "metrics-ends");
    const failures = async () => (await painted(page, "ends", "--failed")).includes(1);
    for (let turn = 0; turn < 40 && !(await failures()); turn += 1) await page.waitForTimeout(50);
    assert.equal(await failures(), true);
    const table = page.getByRole("group", { name: "Ended, by kind" });
    const failed = await page.locator('.tile[data-tile="failed"] .tile-value').textContent();
    const cells = await table.locator("tbody tr td:nth-child(4)").allTextContents();
    assert.equal(cells.reduce((sum, cell) => sum + Number(cell.replaceAll(",", "")), 0), Number(failed.replaceAll(",", "")));
    await table.getByRole("link", { name: "long_running_task" }).click();
    await page.waitForURL(/\/app\/tasks\?task=long_running_task$/);
  });

  inBrowser("point at the same moment in every chart", {}, async (page) => {
    await playNumbers(page);
    await page.goto(view());
    await page.locator(".u-wrap canvas").nth(8).waitFor();
    const box = await chart(page, "sessions").locator(".u-over").boundingBox();
    await page.mouse.move(box.x + box.width / 3, box.y + box.height / 2);
    // A bar stands for a stretch of time of its own.
    const times = page.locator('.chart:not([data-chart="ends"]) .chart-time');
    await times.first().filter({ hasText: /\d\d:\d\d:\d\d/ }).waitFor();
    assert.equal(new Set((await times.allTextContents()).filter(Boolean)).size, 1);
    assert.ok((await times.allTextContents()).filter(Boolean).length >= 9);
    await shoot(page, "metrics-cursor");
  });

  inBrowser("show a gap as a gap", {}, async (page) => {
    await playNumbers(page, { hole: [300, 480] });
    await page.goto(view());
    await page.locator(".u-wrap canvas").nth(8).waitFor();
    const columns = await painted(page, "ticks", "--running");
    const first = columns.indexOf(1);
    const last = columns.lastIndexOf(1);
    let longest = 0;
    let run = 0;
    for (const is of columns.slice(first, last)) {
      run = is ? 0 : run + 1;
      longest = Math.max(longest, run);
    }
    // Three of fifteen minutes.
    assert.ok(Math.abs(longest / (last - first) - 0.2) < 0.03, `${longest} of ${last - first}`);
    await shoot(page, "metrics-gap");
  });

  inBrowser("come back after a break, and ask for what was missed", { mayComplain: AWAY }, async (page) => {
    const asked = await playNumbers(page, { onSocket: (socket, number) => number === 1 && setTimeout(() => socket.close(1001, "retry in 1200 ms"), 600) });
    await page.goto(view());
    await pill(page, "Reconnecting").waitFor();
    await pill(page, "Live").waitFor();
    await page.locator(".u-wrap canvas").first().waitFor();
    assert.equal(asked.length, 2);
  });

  inBrowser("say that an operator closed the connection, and connect again on demand", {}, async (page) => {
    await playNumbers(page, { onSocket: (socket, number) => number === 1 && setTimeout(() => socket.close(4509), 300) });
    await page.goto(view());
    await page.getByRole("alert").filter({ hasText: "An operator closed the connection." }).waitFor();
    await shoot(page, "metrics-stopped");
    await page.getByRole("button", { name: "Reconnect" }).click();
    await pill(page, "Live").waitFor();
  });

  inBrowser("begin now where the server keeps no past", { mayComplain: /404/ }, async (page) => {
    await playNumbers(page, { history: 404, everyMs: 200 });
    await page.goto(view());
    await page.getByText("Earlier figures could not be loaded").waitFor();
    await chart(page, "messages").locator("canvas").waitFor();
    await shoot(page, "metrics-no-past");
  });

  inBrowser("stand as tables, too, and can be paused", {}, async (page) => {
    await playNumbers(page);
    await page.goto(view());
    await page.getByRole("button", { name: "Messages as a table" }).click();
    const table = chart(page, "messages").getByRole("table");
    assert.ok((await table.locator("tbody tr").count()) >= 15);
    assert.deepEqual(await table.locator("thead th").allTextContents(), ["At", "in", "out"]);
    await page.keyboard.press("Escape");
    await page.keyboard.press("p");
    await page.getByText(/^Paused at/).waitFor();
    await shoot(page, "metrics-table");
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByText(/^Paused at/).waitFor({ state: "detached" });
  });

  for (const colorScheme of ["light", "dark"]) {
    inBrowser(`have no findings of axe in the ${colorScheme} theme`, { colorScheme, reducedMotion: "reduce" }, async (page) => {
      await playNumbers(page);
      await page.goto(view());
      await page.locator(".u-wrap canvas").nth(8).waitFor();
      await shoot(page, `metrics-${colorScheme}`);
      await page.getByRole("button", { name: "Messages as a table" }).click();
      await accessible(page, `metrics ${colorScheme}`);
    });
  }

  inBrowser("take the colours of a theme that is changed", { colorScheme: "light" }, async (page) => {
    await playNumbers(page);
    await page.goto(view());
    await page.locator(".u-wrap canvas").nth(8).waitFor();
    assert.ok((await painted(page, "ticks", "--running")).includes(1));
    await page.getByRole("button", { name: /^Theme/ }).click();
    await page.waitForFunction(() => getComputedStyle(document.body).colorScheme === "dark");
    await page.locator(".u-wrap canvas").nth(8).waitFor();
    assert.ok((await painted(page, "ticks", "--running")).includes(1));
  });

  inBrowser("fit on a phone, and follow when the window changes", PHONE, async (page) => {
    await playNumbers(page);
    await page.goto(view());
    await page.locator(".u-wrap canvas").nth(8).waitFor();
    await shoot(page, "metrics-phone");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await accessible(page, "phone");
    await page.setViewportSize({ width: 740, height: 375 });
    await page.waitForFunction(() => document.querySelector(".chart .uplot").getBoundingClientRect().width > 500);
  });
});
