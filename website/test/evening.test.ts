import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { arch, platform, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { openBrowser } from "./support/browser.ts";
import { startStack } from "./support/stack.ts";
import { Transcript } from "./support/transcript.ts";

const run = promisify(execFile);
const repository = resolve(import.meta.dirname, "../..");
const target = `${platform()}/${arch() === "x64" ? "amd64" : arch()}`;
const password = "three stones and a lantern";

/** Reads a file until it holds what is waited for. */
async function awaitFile(path: string, pattern: RegExp): Promise<string> {
  for (const deadline = Date.now() + 30_000; ; ) {
    const text = await readFile(path, "utf8").catch(() => "");
    if (pattern.test(text)) return text;
    if (Date.now() > deadline) throw new Error(`${path} has no ${pattern}:\n${text}`);
    await setTimeout(20);
  }
}

test("a player's first evening, without a terminal", { timeout: 240_000 }, async (t) => {
  const say = new Transcript((line) => t.diagnostic(line));
  const home = await mkdtemp(join(tmpdir(), "waystone-evening-"));
  const file = (name: string) => join(home, name);
  const script = async (name: string, text: string) => {
    await writeFile(file(name), `#!/bin/sh\n${text}\n`);
    await chmod(file(name), 0o700);
  };
  t.after(() => rm(home, { recursive: true }));

  await say.step("the operator builds the launcher", () =>
    run(join(repository, "scripts/launchers.sh"), ["1.2.3", file("launchers"), target]),
  );
  const stack = await say.step("server and website are up", () =>
    startStack(t, { LAUNCHER_DIR: file("launchers") }),
  );
  const browser = await say.step("the player opens the browser", () => openBrowser(t, stack.url));
  const page = await browser.visitor();

  await say.step("signs up", async () => {
    await page.goto("/sign-up");
    await page.getByLabel("Name").fill("ada");
    await page.getByLabel("E-mail address").fill("ada@example.com");
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByLabel("Repeat the password").fill(password);
    await page.getByRole("button", { name: "Create account" }).click();
    await page.waitForURL("**/account");
  });

  const name = `waystone-launcher-${target.replace("/", "-")}.tar.gz`;
  await say.step("gets the launcher, which the page offers first", async () => {
    await page.goto("/download");
    await page.getByRole("heading", { name: "For your system" }).waitFor();
    await browser.picture(page, "download-own");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.locator("a[download]").first().click(),
    ]);
    assert.equal(download.suggestedFilename(), name);
    await download.saveAs(file(name));
    const sum = createHash("sha256")
      .update(await readFile(file(name)))
      .digest("hex");
    const sums = await (await fetch(`${stack.url}/download/SHA256SUMS`)).text();
    assert.equal(sums, `${sum}  ${name}\n`);
  });
  await say.step("unpacks it", () => run("tar", ["-xzf", file(name), "-C", home]));
  const launcher = file("waystone-launcher");

  // The browser that the launcher opens is a script that notes the page.
  await mkdir(file("bin"));
  await script("bin/xdg-open", `printf '%s\\n' "$1" >> ${file("pages")}`);
  await script("bin/xdg-mime", `printf '%s\\n' "$*" >> ${file("defaults")}`);
  const env = { PATH: `${file("bin")}:${process.env.PATH ?? ""}`, HOME: home };
  const log = file(".cache/waystone/launcher.log");
  let pages = 0;
  /** Starts a program as the desktop does, with no terminal. Its exit status is awaited later. */
  const click = (args: readonly string[]): Promise<number> => {
    const child = spawn(args[0] ?? "", args.slice(1), { env, stdio: "ignore", detached: true });
    t.after(() => child.kill());
    return new Promise((done, fail) => {
      child.once("error", fail);
      child.once("exit", (status) => done(status ?? 128));
    });
  };
  /** Shows the page that the launcher opened. */
  const launcherPage = async (tab: Page): Promise<Page> => {
    pages++;
    const text = await awaitFile(file("pages"), new RegExp(`^(.*\n){${pages}}$`));
    await tab.goto(text.trimEnd().split("\n").at(-1) ?? "");
    return tab;
  };
  /** Presses Play and does with the link what the desktop was told to. */
  const pressPlay = async (): Promise<Promise<number>[]> => {
    const tab = await page.context().newPage();
    await tab.goto("/account");
    await tab.getByRole("button", { name: "Play" }).click();
    const link = (await tab.locator("#play-link").getAttribute("href")) ?? "";
    await tab.close();
    const entry = await readFile(file(".local/share/applications/waystone-launcher.desktop"), "utf8");
    const [, program, how] = /^Exec="(.*)" (.*)$/m.exec(entry) ?? [];
    assert.equal(how, "run %u");
    return [click([program ?? "", "run", link])];
  };
  const heading = (tab: Page, text: string) => tab.getByRole("heading", { name: text }).waitFor();
  const tab = await browser.visitor();

  await say.step("opens the launcher with a double click; it asks where the game is", async () => {
    const ended = click([launcher]);
    await launcherPage(tab);
    await heading(tab, "Where is the game?");
    await browser.picture(tab, "launcher-setup");
    await tab.getByRole("button", { name: "Cancel" }).click();
    await tab.getByText("The game is not set up").waitFor();
    await ended;
    assert.match(await readFile(file("defaults"), "utf8"), /x-scheme-handler\/waystone/);
  });

  await say.step("presses Play all the same; the page says that the game is missing", async () => {
    const [ended] = await pressPlay();
    await launcherPage(tab);
    await tab.getByText(`${stack.url} wants to start the game on 127.0.0.1.`).waitFor();
    await browser.picture(tab, "launcher-question");
    await tab.getByRole("button", { name: "Start" }).click();
    await tab.getByText("No game client is set.").waitFor();
    await tab.getByText(log).waitFor();
    await browser.picture(tab, "launcher-missing");

    await mkdir(file("game"));
    await tab.getByLabel("Folder of the game").fill(file("game"));
    await tab.getByRole("button", { name: "Use it" }).click();
    await tab.getByText("No game was found in").waitFor();
    await script(
      "game/rose-offline-client",
      `echo $$ > ${file("pid")}\nexec ${join(repository, "bin/waystone")} bot "$@" > ${file("game/out")} 2>&1`,
    );
    await tab.getByLabel("Folder of the game").fill(file("game"));
    await tab.getByRole("button", { name: "Use it" }).click();
    await tab.getByText("You can press Play on the website now").waitFor();
    assert.equal(await ended, 0);
  });

  await say.step("presses Play, then Start, and is in the game", async () => {
    const [ended] = await pressPlay();
    await launcherPage(tab);
    await tab.getByLabel("Do not ask again").check();
    await tab.getByRole("button", { name: "Start" }).click();
    await heading(tab, "The game is starting");
    await browser.picture(tab, "launcher-starting");
    t.after(async () => {
      try {
        process.kill(Number(await readFile(file("pid"), "utf8")));
      } catch {
        // It has ended by itself.
      }
    });
    assert.equal(await ended, 0);
    await awaitFile(file("game/out"), /^ok {2}enters\b(.|\n)*^ok {2}logs out/m);
    await page.goto("/account");
    await page.getByText("Level 1, First Meadow").waitFor();
  });

  await say.step("presses Play when the game was deleted; a page and the log say so", async () => {
    await rm(file("game/rose-offline-client"));
    const [ended] = await pressPlay();
    await launcherPage(tab);
    await tab.getByText(`The game client ${file("game/rose-offline-client")} is not there.`).waitFor();
    await tab.getByRole("button", { name: "Cancel" }).click();
    await tab.getByText("The game is not set up").waitFor();
    assert.equal(await ended, 1);
    const text = await readFile(log, "utf8");
    assert.match(text, /level=ERROR/);
    assert.match(text, /is not there/);
    assert.match(text, /version=1\.2\.3/);
    assert.doesNotMatch(text, /ticket=/);
  });
});
