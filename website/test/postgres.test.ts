import assert from "node:assert/strict";
import type { PlayReply } from "../src/routes/play.ts";
import { onPostgres } from "./support/database.ts";
import { startStack } from "./support/stack.ts";
import { Visitor } from "./support/visitor.ts";

onPostgres("sign-up, ticket, into the world, ban, out", async (t, database) => {
  const stack = await startStack(t, database.env);
  const ada = new Visitor(stack.url);
  const warden = new Visitor(stack.url);
  const password = "three stones";
  await ada.post("/sign-up", { name: "ada", email: "ada@example.com", password, again: password });
  await warden.post("/sign-up", {
    name: "warden",
    email: "warden@example.com",
    password,
    again: password,
  });
  await stack.makeAdmin("warden@example.com");

  const played = (await (await ada.post("/api/play")).json()) as PlayReply;
  const bot = await stack.enter(played.link);
  assert.match(await (await ada.get("/account")).text(), /Level 1, First Meadow/);

  const page = await (await warden.get("/admin?q=ADA@")).text();
  const id = /name="id" value="([^"]+)"/.exec(page)?.[1] ?? "";
  for (const query of ["ada", id]) {
    const found = await (await warden.get(`/admin?q=${query}`)).text();
    assert.match(found, /1 player<[\s\S]*<strong>ada<\/strong>/, query);
  }
  const began = performance.now();
  const banned = await warden.post("/admin/ban", { id, reason: "selling gold", length: "day" });
  assert.equal(banned.headers.get("location"), "/admin?done=banned");
  const out = await bot.line(/^out /, 1000);
  t.diagnostic(`ban sent to the bot's connection closed: ${(out.at - began).toFixed(0)} ms`);
  assert.equal((await ada.post("/api/play")).status, 401);
});
