import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { chromium, type Page } from "playwright-core";

/** A headless Chromium whose visitors run no scripts: the site must work without. */
export interface Browser {
  /** A visitor with cookies of their own. */
  visitor(): Promise<Page>;
  /** Writes a picture of a page and returns its path. */
  picture(page: Page, name: string): Promise<string>;
  /** Every address outside of the site that a page asked for. */
  foreign: string[];
}

/** Starts Chromium; it ends with the test. */
export async function openBrowser(t: TestContext, siteUrl: string): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // Chromium's sandbox does not work for root.
    chromiumSandbox: process.getuid?.() !== 0,
  });
  t.after(() => browser.close());
  const folder = process.env.SCREENSHOTS ?? (await mkdtemp(join(tmpdir(), "waystone-pictures-")));
  await mkdir(folder, { recursive: true });
  const foreign: string[] = [];
  return {
    foreign,
    async visitor() {
      const context = await browser.newContext({
        baseURL: siteUrl,
        javaScriptEnabled: false,
        viewport: { width: 1200, height: 800 },
        colorScheme: "dark",
      });
      context.setDefaultTimeout(10_000);
      context.on("request", (request) => {
        const url = request.url();
        if (!url.startsWith(`${siteUrl}/`) && !url.startsWith("waystone:")) foreign.push(url);
      });
      return context.newPage();
    },
    async picture(page, name) {
      const path = join(folder, `${name}.png`);
      await page.screenshot({ path, fullPage: true });
      return path;
    },
  };
}
