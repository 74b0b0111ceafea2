import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { GameStatus } from "../src/game/status.ts";
import { startSite } from "./support/site.ts";

async function folder(t: TestContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "waystone-files-"));
  t.after(() => rm(made, { recursive: true }));
  return made;
}

test("what the website makes is for its owner alone", async (t) => {
  const parent = await folder(t);
  const data = join(parent, "data");
  await startSite(t, { WAYSTONE_DATA: data, SQLITE_PATH: join(data, "waystone.db"), LAUNCHER_DIR: parent });
  assert.equal((await stat(data)).mode & 0o077, 0, "the folder");
  const files = await readdir(data);
  assert.ok(files.includes("waystone.db") && files.includes("website-secret"), files.join());
  for (const file of files) assert.equal((await stat(join(data, file))).mode & 0o077, 0, file);
});

test("in a folder that others may read, too", async (t) => {
  const data = await folder(t);
  await chmod(data, 0o755);
  await startSite(t, { WAYSTONE_DATA: data, SQLITE_PATH: join(data, "waystone.db") });
  for (const file of await readdir(data))
    if (file.startsWith("waystone.db")) assert.equal((await stat(join(data, file))).mode & 0o077, 0, file);
});

test("a key that others may read is not used", async (t) => {
  const data = await folder(t);
  const key = join(data, "website-secret");
  await mkdir(data, { recursive: true });
  await writeFile(key, `${"x".repeat(40)}\n`);
  await chmod(key, 0o644);
  await assert.rejects(startSite(t, { WAYSTONE_DATA: data }));
});

test("a status that is none of a game server is not believed, nor read to its end", async (t) => {
  let answer = "";
  let endless = false;
  let sent = 0;
  const server = createServer((_, response) => {
    response.setHeader("content-type", "application/json");
    if (!endless) return response.end(answer);
    response.write('{"uptime_seconds":1,"x":"');
    const more = () => {
      while (!response.destroyed && sent < 1 << 30) {
        sent += 65_536;
        if (!response.write("x".repeat(65_536))) return response.once("drain", more);
      }
      return response.destroy();
    };
    return more();
  }).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  t.after(() => server.close());
  t.after(() => server.closeAllConnections());
  const get = () => new GameStatus(`http://127.0.0.1:${(server.address() as AddressInfo).port}/status`).get();
  const page = (players: unknown) => JSON.stringify({ uptime_seconds: 1, more: { world: { players } } });
  answer = page(7);
  assert.deepEqual(await get(), { state: "online", players: 7 });
  for (const players of [-1, 0.5, 1e300, "7"]) {
    answer = page(players);
    assert.deepEqual(await get(), { state: "online", players: undefined }, String(players));
  }
  answer = JSON.stringify({ uptime_seconds: 1, x: "x".repeat(2_000_000) });
  assert.deepEqual(await get(), { state: "unknown" }, "a page that is far too long");
  endless = true;
  assert.deepEqual(await get(), { state: "unknown" }, "a page without an end");
  assert.ok(sent < 16 << 20, `${sent} bytes were read`);
});
