import assert from "node:assert/strict";
import type { PlayReply } from "../src/routes/play.ts";
import { onEachDatabase } from "./support/database.ts";
import { callSite, type Member, signIn, signUp } from "./support/member.ts";
import { startStack } from "./support/stack.ts";
import { median } from "./support/transcript.ts";

const password = "three stones and a lantern";
const rounds = Number(process.env.ROUNDS ?? "1");

// Each of these ends the session from which somebody plays, and the player has
// to be out of the game within a second of the website's answer.
onEachDatabase("who may not go on is out at once", async (t, database) => {
  const stack = await startStack(t, database.env);
  const warden = await signUp(stack.url, "warden", password);
  await stack.makeAdmin("warden");
  const moderate = (path: string, body: object) =>
    callSite(stack.url, `/admin/${path}`, { token: warden.token }, body);

  /** What happens on the website to the player, who has another session besides. */
  const acts: Record<string, (player: Member, other: Member) => ReturnType<typeof callSite>> = {
    ban: ({ id }) => moderate("ban-user", { userId: id, banReason: "selling gold" }),
    "sign-out": (player) => callSite(stack.url, "/sign-out", { cookie: player.cookie }, {}),
    "revocation from another session": (player, other) =>
      callSite(stack.url, "/revoke-session", { cookie: other.cookie }, { token: player.token }),
    "revocation by a moderator": ({ id }) => moderate("revoke-user-sessions", { userId: id }),
    "password change, sessions ended": (_, other) => {
      const body = { currentPassword: password, newPassword: "a second password", revokeOtherSessions: true };
      return callSite(stack.url, "/change-password", { cookie: other.cookie }, body);
    },
    deletion: ({ id }) => moderate("remove-user", { userId: id, currentPassword: password }),
  };
  let players = 0;
  for (const [what, act] of Object.entries(acts))
    await t.test(what, async (t) => {
      const fromRequest: number[] = [];
      const fromAnswer: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const name = `player_${++players}`;
        const player = await signUp(stack.url, name, password);
        const other = await signIn(stack.url, name, password);
        const headers = { authorization: `Bearer ${player.token}` };
        const play = await fetch(`${stack.url}/api/play`, { method: "POST", headers });
        const bot = await stack.enter(((await play.json()) as PlayReply).link);
        const sent = performance.now();
        const { status, data } = await act(player, other);
        // better-auth hashes two passwords before it changes one, and writes before it answers.
        const answered = performance.now();
        assert.equal(status, 200, JSON.stringify(data));
        const out = await bot.line(/^out /, 1000);
        assert.equal(await bot.exit, 0);
        fromRequest.push(out.at - sent);
        fromAnswer.push(Math.max(0, out.at - answered));
      }
      const ms = (times: number[]) =>
        `${times.map((time) => time.toFixed(0)).join(", ")} (median ${median(times).toFixed(0)}, worst ${Math.max(...times).toFixed(0)})`;
      t.diagnostic(`ms until the connection closed: from the request ${ms(fromRequest)}`);
      t.diagnostic(`ms until the connection closed: from the answer ${ms(fromAnswer)}`);
      assert.ok(Math.max(...fromAnswer) < 1000, `${what}: the player was in for ${ms(fromAnswer)} ms`);
    });
});
