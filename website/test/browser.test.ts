import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { Page } from "playwright-core";
import { launcherClient } from "../src/auth.ts";
import { openChannel } from "../src/game/channel.ts";
import { readCharacters } from "../src/game/characters.ts";
import type { PlayReply } from "../src/routes/play.ts";
import { type Browser, openBrowser } from "./support/browser.ts";
import { type Stack, startStack } from "./support/stack.ts";
import { median, Transcript } from "./support/transcript.ts";

const password = "three stones and a lantern";
const rounds = Number(process.env.ROUNDS ?? "1");

async function signUp(page: Page, name: string): Promise<void> {
  await page.goto("/");
  await page.getByRole("link", { name: "Sign up" }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("E-mail address").fill(`${name}@example.com`);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByLabel("Repeat the password").fill(password);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.waitForURL("**/account");
}

async function signIn(page: Page, name: string): Promise<void> {
  await page.goto("/sign-in");
  await page.getByLabel("Name or e-mail address").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Presses Play in a tab of its own: Chromium's question about the launcher blocks the tab. */
async function pressPlay(page: Page, browser: Browser): Promise<string> {
  const tab = await page.context().newPage();
  await tab.goto("/account");
  await tab.getByRole("button", { name: "Play" }).click();
  const link = await tab.locator("#play-link").getAttribute("href");
  await browser.picture(tab, "play");
  await tab.close();
  assert.ok(link, "the page has the launcher's link");
  return link;
}

/** Tries again while the server still holds the character for the play that has just ended. */
async function until(act: () => Promise<object>): Promise<void> {
  const deadline = Date.now() + 5000;
  for (;;) {
    try {
      await act();
      return;
    } catch (error) {
      if (!/being played/.test(String(error)) || Date.now() > deadline) throw error;
      await setTimeout(50);
    }
  }
}

/** Looks at the first page until it says so: the site asks the server again only when its last answer is 5 s old. */
async function statusShows(page: Page, text: string): Promise<void> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    await page.goto("/");
    const shown = await page.locator(".state").textContent();
    if (shown === text) return;
    assert.ok(Date.now() < deadline, `the first page says ${shown}, want ${text}`);
    await setTimeout(100);
  }
}

async function fits(page: Page): Promise<boolean> {
  return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth");
}

/** The look of every page on a telephone, none of which may be wider than it. */
async function onATelephone(page: Page, browser: Browser, pages: Record<string, string>): Promise<void> {
  await page.setViewportSize({ width: 375, height: 740 });
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(path);
    await browser.picture(page, `telephone-${name}`);
    assert.ok(await fits(page), `${path} is wider than a telephone`);
  }
  await page.setViewportSize({ width: 1200, height: 800 });
}

/** Bans the player on the admin page and returns the milliseconds until the bot was out. */
async function banAndWait(stack: Stack, browser: Browser, admin: Page, player: Page): Promise<number> {
  const bot = await stack.enter(await pressPlay(player, browser));
  await admin.goto("/admin?q=ada");
  await admin.getByLabel("Ban ada").click();
  await admin.getByLabel("Reason").fill("selling gold");
  await browser.picture(admin, "admin-ban");
  const began = performance.now();
  await admin.getByRole("button", { name: "Ban ada" }).click();
  const out = await bot.line(/^out /, 1000);
  assert.equal(await bot.exit, 0);
  await admin.getByText("The player is banned").waitFor();
  return out.at - began;
}

test("a player's way, in Chromium", async (t) => {
  const say = new Transcript((line) => t.diagnostic(line));
  const stack = await say.step("server and website are up", () => startStack(t));
  const browser = await say.step("Chromium is up", () => openBrowser(t, stack.url));
  const admin = await browser.visitor();
  const player = await browser.visitor();
  await player.goto("/");
  await browser.picture(player, "home");
  await player.goto("/sign-up");
  await browser.picture(player, "sign-up");

  await say.step("a moderator signs up and is made one", async () => {
    await signUp(admin, "warden");
    assert.equal((await admin.goto("/admin"))?.status(), 403);
    await stack.makeAdmin("warden");
    assert.equal((await admin.goto("/admin"))?.status(), 200);
  });

  await say.step("a player signs up", () => signUp(player, "ada"));
  const link = await say.step("Play opens the launcher's link", () => pressPlay(player, browser));
  const bot = await say.step("a bot with the ticket is in the world", () => stack.enter(link));
  await say.step("the character is in My account", async () => {
    await player.goto("/account");
    await player.getByText("Level 1, First Meadow").waitFor();
    await statusShows(player, "Server status: online – 1 player in the game");
    await player.goto("/account");
    await browser.picture(player, "account");
    await onATelephone(player, browser, { home: "/", account: "/account" });
  });
  await say.step("signing out ends the game", async () => {
    await player.getByRole("button", { name: "Sign out" }).click();
    await player.getByText("You are signed out.").waitFor();
    await bot.line(/^out /, 1000);
    await signIn(player, "ada");
  });

  const times: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const time = await banAndWait(stack, browser, admin, player);
    times.push(time);
    await browser.picture(admin, "admin");
    assert.ok(time < 1000, `round ${round}: the banned player was in for ${time.toFixed(0)} ms`);
    say.say(`ban pressed to the bot's connection closed: ${time.toFixed(0)} ms`);
    await say.step("the banned player cannot come in, and can after the ban", async () => {
      await player.goto("/account");
      assert.equal(new URL(player.url()).pathname, "/sign-in");
      await signIn(player, "ada");
      await player.getByText("This account is banned.").waitFor();
      await browser.picture(player, "banned");
      await admin.goto("/admin?q=ada");
      await admin.getByRole("button", { name: "Lift the ban" }).click();
      await admin.getByText("The ban is lifted.").waitFor();
      await signIn(player, "ada");
      await player.waitForURL("**/account");
    });
  }
  say.say(
    `${rounds} rounds of ban: median ${median(times).toFixed(0)} ms, worst ${Math.max(...times).toFixed(0)} ms`,
  );

  await say.step("a launcher signs in by code, and its session is ended", async () => {
    const call = async (path: string, body: object, token?: string) => {
      const authorization: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
      const response = await fetch(stack.url + path, {
        method: "POST",
        headers: { "content-type": "application/json", "user-agent": launcherClient, ...authorization },
        body: JSON.stringify(body),
      });
      return { status: response.status, data: (await response.json()) as Record<string, string> };
    };
    const asked = (await call("/api/auth/device/code", { client_id: launcherClient })).data;
    await player.goto(`/device?user_code=${asked.user_code}`);
    await browser.picture(player, "device");
    await player.getByRole("button", { name: "Yes, sign it in" }).click();
    await player.getByText("The launcher is signed in").waitFor();
    const { data } = await call("/api/auth/device/token", {
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      device_code: asked.device_code ?? "",
      client_id: launcherClient,
    });
    const played = await call("/api/play", {}, data.access_token);
    assert.equal(played.status, 200, JSON.stringify(played.data));
    const playing = await stack.enter((played.data as unknown as PlayReply).link);
    await player.goto("/account");
    await player.locator("li", { hasText: "Launcher" }).getByRole("button", { name: "End" }).click();
    await player.getByText("The session is ended.").waitFor();
    await playing.line(/^out /, 1000);
    assert.equal((await call("/api/play", {}, data.access_token)).status, 401);
  });

  await say.step("the website's password is changed, and others are signed out", async () => {
    const form = player.locator("#password");
    const change = async (now: string, next: string) => {
      await form.getByLabel("Current password").fill(now);
      await form.getByLabel("New password", { exact: true }).fill(next);
      await form.getByLabel("Repeat the new password").fill(next);
      await form.getByRole("button").click();
    };
    const playing = await stack.enter(await pressPlay(player, browser));
    await player.goto("/account");
    await change("something else", password);
    await player.getByText("The current password is wrong.").waitFor();
    const focused = form.locator("input:focus");
    assert.equal(await focused.getAttribute("aria-invalid"), "true");
    assert.equal(await focused.getAttribute("name"), "current");
    await browser.picture(player, "account-refused");
    await change(password, "a fourth stone");
    await player.getByText("all other sessions are ended").waitFor();
    await playing.line(/^out /, 1000);
    await player.getByLabel("End all other sessions").uncheck();
    await change("a fourth stone", password);
    await player.getByText("Your password is changed.").waitFor();
  });

  await say.step("the game password is set, and is not the website's", async () => {
    const set = async (text: string) => {
      await player.getByLabel("Current website password").fill(password);
      await player.getByLabel("New game password", { exact: true }).fill(text);
      await player.getByLabel("Repeat the new game password").fill(text);
      await player.getByRole("button", { name: "Set game password" }).click();
    };
    await set(password);
    await player.getByText("This is your website password.").waitFor();
    await set("a moss-grown mile");
    await player.getByText("Your game password is set.").waitFor();
    const md5 = createHash("md5").update("a moss-grown mile").digest("hex");
    assert.equal(await stack.playByPassword("ada", md5).exit, 0);
  });

  await say.step("a character marked for deletion is kept", async () => {
    const channel = openChannel({
      protoDir: "../proto",
      file: "waystone/character/v1/character.proto",
      service: "waystone.character.v1.CharacterService",
      address: stack.characterAddr,
      token: undefined,
    });
    t.after(() => channel.close());
    const userId = await admin
      .goto("/admin?q=ada")
      .then(() => admin.locator("input[name=id]").first().inputValue());
    const [character] = readCharacters(await channel.call("ListCharacters", { userId }));
    assert.ok(character);
    await until(() => channel.call("DeleteCharacter", { userId, characterId: character.id }));
    await player.goto("/account");
    await player.getByText("deleted in 60 minutes").waitFor();
    await browser.picture(player, "account-marked");
    await player.getByRole("button", { name: `Keep ${character.name}` }).click();
    await player.getByText("The character is kept.").waitFor();
  });

  await say.step("without the game server, plain words", async () => {
    await stack.game.stop();
    await player.goto("/account");
    await player.getByText("The game server cannot be reached.").waitFor();
    await player.getByRole("button", { name: "Play" }).click();
    await player.getByText("The game server cannot be reached.").waitFor();
    await browser.picture(player, "unreachable");
  });
  assert.deepEqual(browser.foreign, [], "pages ask for nothing from elsewhere");
});
