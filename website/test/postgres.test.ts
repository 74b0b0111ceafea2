import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { Client } from "pg";
import type { PlayReply } from "../src/routes/play.ts";
import { startStack } from "./support/stack.ts";
import { Visitor } from "./support/visitor.ts";

const server = process.env.TEST_DATABASE_URL;

/** Makes a database; drop is for when nobody uses it any more. */
async function makeDatabase(url: string): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `website_${randomBytes(6).toString("hex")}`;
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  const database = new URL(url);
  database.pathname = `/${name}`;
  const drop = async () => {
    await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await client.end();
  };
  return { url: database.href, drop };
}

test("on PostgreSQL: sign-up, ticket, into the world, ban, out", {
  skip: server === undefined && process.env.CI === undefined && "TEST_DATABASE_URL is not set",
}, async (t) => {
  assert.ok(server, "TEST_DATABASE_URL is needed in CI");
  const database = await makeDatabase(server);
  const stack = await startStack(t, { DATABASE_URL: database.url });
  t.after(database.drop);
  const ada = new Visitor(stack.url);
  const warden = new Visitor(stack.url);
  const password = "three stones";
  await ada.post("/sign-up", { name: "ada", email: "ada@example.com", password });
  await warden.post("/sign-up", { name: "warden", email: "warden@example.com", password });
  await stack.makeAdmin("warden@example.com");

  const played = (await (await ada.post("/api/play")).json()) as PlayReply;
  const bot = await stack.enter(played.link);
  assert.match(await (await ada.get("/account")).text(), /Level 1, First Meadow/);

  const page = await (await warden.get("/admin?q=ada@")).text();
  const id = /name="id" value="([^"]+)"/.exec(page)?.[1] ?? "";
  const began = performance.now();
  const banned = await warden.post("/admin/ban", { id, reason: "selling gold", length: "day" });
  assert.equal(banned.headers.get("location"), "/admin?done=banned");
  const out = await bot.line(/^out /, 5000);
  t.diagnostic(`ban sent to the bot's connection closed: ${(out.at - began).toFixed(0)} ms`);
  assert.equal((await ada.post("/api/play")).status, 401);
});
