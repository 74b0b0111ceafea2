import assert from "node:assert/strict";
import { launcherClient } from "../src/auth.ts";
import type { PlayReply } from "../src/routes/play.ts";
import { onEachDatabase } from "./support/database.ts";
import { callSite, type Member, signUp } from "./support/member.ts";
import { soon } from "./support/soon.ts";
import { type Stack, startStack } from "./support/stack.ts";

const password = "three stones and a lantern";

/** A play link as a website writes it that puts one-time tokens into it. */
const linkWith = (stack: Stack, user: string, token: string) =>
  `waystone://play?v=1&host=127.0.0.1&port=${stack.loginPort}&user=${user}&ticket=${token}`;

async function oneTimeToken(stack: Stack, who: Member): Promise<string> {
  const { data } = await callSite(stack.url, "/one-time-token/generate", { cookie: who.cookie });
  return String(data?.token);
}

onEachDatabase("one-time tokens and device codes lead into the game", async (t, database) => {
  const stack = await startStack(t, database.env);

  await t.test("a one-time token of the website is a ticket, once", async () => {
    const ada = await signUp(stack.url, "ada", password);
    const token = await oneTimeToken(stack, ada);
    const link = linkWith(stack, "ada", token);
    const bot = await stack.enter(link);
    await stack.refused(link);
    const verified = await callSite(stack.url, "/one-time-token/verify", {}, { token });
    assert.equal(verified.status, 400, "nor does the website take it again");

    const late = await oneTimeToken(stack, ada);
    await callSite(stack.url, "/sign-out", { cookie: ada.cookie }, {});
    await bot.line(/^out /, 1000);
    await stack.refused(linkWith(stack, "ada", late));
  });

  await t.test("another's one-time token is none, and is gone then", async () => {
    const ben = await signUp(stack.url, "ben", password);
    const token = await oneTimeToken(stack, ben);
    await signUp(stack.url, "cleo", password);
    await stack.refused(linkWith(stack, "cleo", token));
    await stack.refused(linkWith(stack, "ben", token));
    await stack.enter(linkWith(stack, "ben", await oneTimeToken(stack, ben)));
  });

  await t.test("a device code, agreed to, becomes a session and a ticket", async () => {
    const dora = await signUp(stack.url, "dora", password);
    const form = { client_id: launcherClient };
    const { data: asked } = await callSite(stack.url, "/device/code", { agent: launcherClient }, form);
    const code = String(asked?.user_code);
    const looked = await callSite(stack.url, `/device?user_code=${code}`, { cookie: dora.cookie });
    assert.equal(looked.data?.status, "pending");
    const agreed = await callSite(stack.url, "/device/approve", { cookie: dora.cookie }, { userCode: code });
    assert.equal(agreed.status, 200, JSON.stringify(agreed.data));

    const grant_type = "urn:ietf:params:oauth:grant-type:device_code";
    const body = { ...form, grant_type, device_code: asked?.device_code };
    const redeemed = await callSite(stack.url, "/device/token", { agent: launcherClient }, body);
    const token = String(redeemed.data?.access_token);
    assert.notEqual(token, dora.token, "the launcher has a session of its own");
    const play = await fetch(`${stack.url}/api/play`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(play.status, 200);
    const bot = await stack.enter(((await play.json()) as PlayReply).link);

    // The browser's session may go; the launcher's carries the game.
    await callSite(stack.url, "/sign-out", { cookie: dora.cookie }, {});
    await soon(null, async () => (await callSite(stack.url, "/get-session", { token: dora.token })).data);
    assert.ok(!bot.lines.some((l) => l.text.startsWith("out ")));
    await callSite(stack.url, "/sign-out", { token }, {});
    await bot.line(/^out /, 1000);
  });
});
