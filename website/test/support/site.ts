import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { freePorts } from "./ports.ts";
import { Program } from "./program.ts";

const website = resolve(import.meta.dirname, "../..");

/** A website without a game server, for what needs none. */
export interface Site {
  url: string;
  port: number;
  program: Program;
  /** Makes an account a moderator, as an operator does. */
  makeAdmin(name: string): Promise<void>;
}

/** Starts a website on a free port; it ends with the test. */
export async function startSite(t: TestContext, extra: Record<string, string> = {}): Promise<Site> {
  const data = await mkdtemp(join(tmpdir(), "waystone-site-"));
  const [port = 0, nobody] = await freePorts(2);
  const env = {
    WAYSTONE_DATA: data,
    PORT: String(port),
    AUTH_ADDR: `127.0.0.1:${nobody}`,
    CHARACTER_ADDR: `127.0.0.1:${nobody}`,
    GAME_STATUS_URL: `http://127.0.0.1:${nobody}/status`,
    LAUNCHER_DIR: join(data, "launchers"),
    RATE_LIMIT: "off",
    ...extra,
  };
  const program = new Program(process.execPath, [join(website, "src/main.ts")], env);
  t.after(async () => {
    await program.stop();
    await rm(data, { recursive: true });
  });
  await program.line(/website: ready/, 60_000);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    program,
    async makeAdmin(name) {
      const admin = new Program(process.execPath, [join(website, "src/admin.ts"), name], env);
      await admin.line(/is a moderator now/, 60_000);
      await admin.exit;
    },
  };
}
