import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { onPostgres } from "./support/database.ts";
import { freePorts } from "./support/ports.ts";
import { Program } from "./support/program.ts";
import { Visitor } from "./support/visitor.ts";

const script = resolve(import.meta.dirname, "../../scripts/website.sh");

onPostgres("make website, from an empty database to a play link", async (t, database) => {
  const data = await mkdtemp(join(tmpdir(), "waystone-start-"));
  t.after(() => rm(data, { recursive: true }));
  const [auth, db, character, world, ops, login, choice, play, http] = (await freePorts(9)).map(String);
  const run = new Program(script, [], {
    WAYSTONE_DATA: data,
    DRAIN_DELAY: "0s",
    AUTH_SERVICE_PORT: auth ?? "",
    DATABASE_SERVICE_PORT: db ?? "",
    CHARACTER_SERVICE_PORT: character ?? "",
    WORLD_SERVICE_PORT: world ?? "",
    OPS_LISTEN_ADDR: `127.0.0.1:${ops}`,
    PACKET_LOGIN_PORT: login ?? "",
    PACKET_WORLD_PORT: choice ?? "",
    PACKET_GAME_PORT: play ?? "",
    PORT: http ?? "",
    REDIS_URL: "redis://127.0.0.1:1", // there is none: it holds copies only
    ...database.env,
  });
  t.after(() => run.stop());
  await run.line(/website: ready/, 60_000);

  const ada = new Visitor(`http://127.0.0.1:${http}`);
  const password = "three stones";
  await ada.post("/sign-up", { name: "ada", email: "ada@example.com", password, again: password });
  const played = (await (await ada.post("/api/play")).json()) as { link?: string; port?: number };
  assert.match(played.link ?? "", /^waystone:/);
  assert.equal(String(played.port), login);
});
