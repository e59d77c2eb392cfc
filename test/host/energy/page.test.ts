/** The page of `--html` in headless Chromium: it renders, zooms, and shows the totals of the table. */

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Page } from "playwright-core";
import { writeExample } from "../../../host/energy/example.js";
import { energy } from "./command.js";

const CHROMIUM = "/usr/bin/chromium";
/** Nothing leaves the machine. */
const QUIET = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

interface Scale {
  readonly min: number;
  readonly max: number;
}

const scale = (page: Page): Promise<Scale> =>
  page.evaluate("(({ min, max }) => ({ min, max }))(energy.plot.scales.x)");

describe("the page of symbolon energy report", function () {
  this.timeout(120_000);

  it("renders, zooms and shows the same totals", async function () {
    if (!existsSync(CHROMIUM)) return this.skip();
    const folder = mkdtempSync(join(tmpdir(), "symbolon-page-"));
    const trace = join(folder, "example.ppk2");
    const page = join(folder, "page.html");
    writeExample(trace, 4);
    const { code, out, err } = await energy("report", trace, "--json", "--html", page);
    assert.equal(code, 0, err);
    const context = await chromium.launchPersistentContext(join(folder, "profile"), {
      executablePath: CHROMIUM,
      args: QUIET,
      viewport: { width: 1200, height: 900 },
    });
    try {
      const requests: string[] = [];
      const errors: string[] = [];
      context.on("request", (request) => requests.push(request.url()));
      const tab = await context.newPage();
      tab.on("pageerror", (error) => errors.push(error.message));
      await tab.goto(pathToFileURL(page).href);
      await tab.waitForSelector("#plot canvas");
      assert.deepEqual(errors, []);
      assert.deepEqual(requests, [pathToFileURL(page).href]);

      const { rows, traces } = JSON.parse(out);
      const inPage = await tab.evaluate("energy.data.figures.rows");
      assert.deepEqual(inPage, rows);
      const text = await tab.innerText('#figures tr[data-name="exchange"]');
      const exchange = rows.find((row: { name: string }) => row.name === "exchange");
      assert.ok(text.includes(`${(1e6 * exchange.energy.mean).toFixed(1)} µJ`), text);
      assert.ok(text.includes(`${(1e3 * exchange.energy.total).toFixed(3)} mJ`), text);
      assert.equal(await tab.locator("#legend span").count(), 8);

      // Listening is coloured: somewhere there the canvas is neither white nor grey.
      assert.ok((await colours(tab)) > 3);

      const all = await scale(tab);
      assert.ok(Math.abs(all.max - traces[0].seconds) < 0.01, `${all.max}`);
      const box = await tab.locator("#plot .u-over").boundingBox();
      assert.ok(box !== null);
      const at = (part: number): [number, number] => [box.x + part * box.width, box.y + box.height / 2];
      await tab.mouse.move(...at(0.4));
      await tab.mouse.down();
      await tab.mouse.move(...at(0.5), { steps: 4 });
      await tab.mouse.up();
      const zoomed = await scale(tab);
      const expected = [0.4, 0.5].map((part) => all.min + part * (all.max - all.min));
      assert.ok(Math.abs(zoomed.min - expected[0]) < 0.01 && Math.abs(zoomed.max - expected[1]) < 0.01);

      await tab.mouse.move(...at(0.5));
      const hover = await tab.innerText("#plot .u-legend");
      assert.match(hover, /mean:?\s*\d[\d.]* [nµm]A/);
      assert.match(hover, /phase:?\s*(sleep|boot|sense|shares|build|transmit|listen|verify)/);

      await tab.mouse.dblclick(...at(0.5));
      assert.deepEqual(await scale(tab), all);
      await tab.check("#log");
      assert.equal(await tab.locator("#plot canvas").count(), 1);
      assert.deepEqual(errors, []);
    } finally {
      await context.close();
      rmSync(folder, { recursive: true });
    }
  });
});

/** How many different colours the plot has, but for shades of grey. */
function colours(tab: Page): Promise<number> {
  return tab.evaluate(`(() => {
    const canvas = document.querySelector("#plot canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    for (let i = 0; i < data.length; i += 4) {
      const [r, g, b] = data.subarray(i, i + 3);
      if (r !== g || g !== b) seen.add((r << 16) | (g << 8) | b);
    }
    return seen.size;
  })()`);
}
