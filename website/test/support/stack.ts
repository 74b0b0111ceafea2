import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { freePorts } from "./ports.ts";
import { Program } from "./program.ts";

const website = resolve(import.meta.dirname, "../..");
const waystone = resolve(website, "../bin/waystone");

/** Milliseconds for a program to start; a machine that builds meanwhile is slow. */
const startUp = 60_000;

/** A game server and a website that belong to one test. */
export interface Stack {
  url: string;
  /** The environment of the website. */
  env: Record<string, string>;
  game: Program;
  site: Program;
  authAddr: string;
  characterAddr: string;
  loginPort: number;
  /** Stops the game server and starts it again, for what it looks at when it starts. */
  restartGame(): Promise<void>;
  /** Runs `waystone db …` on the game server's settings and returns what it wrote. */
  db(command: string, env?: Record<string, string>): Promise<{ status: number; lines: string[] }>;
  /** Lets a bot into the world by a play link; it is there when this returns. */
  enter(link: string): Promise<Program>;
  /** Tries to enter by a play link that must be refused. */
  refused(link: string): Promise<void>;
  /** Lets a bot play as the client does with a name and the MD5 of a game password. */
  playByPassword(user: string, md5: string): Program;
  /** Makes an account a moderator, as an operator does. */
  makeAdmin(name: string): Promise<void>;
}

/** How a stack differs from the usual one. */
export interface Plan {
  /** The website's program, in place of the site itself. */
  program?: string;
  /** Runs when the website has made its tables, before the game server starts; returns settings for that alone. */
  between?: (db: Stack["db"]) => Promise<Record<string, string>>;
}

/** Starts both on free ports; they end with the test. */
export async function startStack(
  t: TestContext,
  extra: Record<string, string> = {},
  plan: Plan = {},
): Promise<Stack> {
  const data = await mkdtemp(join(tmpdir(), "waystone-website-"));
  const running: Program[] = [];
  t.after(async () => {
    for (const program of running.reverse()) await program.stop();
    await rm(data, { recursive: true });
  });
  const start = (command: string, args: readonly string[], env: Record<string, string>): Program => {
    const program = new Program(command, args, env);
    running.push(program);
    return program;
  };
  const [auth, database, character, world, ops, login, choice, play, http] = await freePorts(9);

  const env = {
    WAYSTONE_DATA: data,
    AUTH_ADDR: `127.0.0.1:${auth}`,
    CHARACTER_ADDR: `127.0.0.1:${character}`,
    GAME_PORT: String(login),
    GAME_STATUS_URL: `http://127.0.0.1:${ops}/status`,
    PORT: String(http),
    RATE_LIMIT: "off",
    ...extra,
  };
  let own: Record<string, string> = {};
  const db: Stack["db"] = async (command, given = {}) => {
    const program = new Program(waystone, ["db", command], {
      WAYSTONE_DATA: data,
      ...extra,
      ...own,
      ...given,
    });
    return { status: await program.exit, lines: program.lines.map((l) => l.text) };
  };
  const beginGame = async (): Promise<Program> => {
    const game = start(waystone, ["serve"], {
      WAYSTONE_DATA: data,
      DRAIN_DELAY: "0s",
      AUTH_SERVICE_PORT: String(auth),
      DATABASE_SERVICE_PORT: String(database),
      CHARACTER_SERVICE_PORT: String(character),
      WORLD_SERVICE_PORT: String(world),
      OPS_LISTEN_ADDR: `127.0.0.1:${ops}`,
      PACKET_LOGIN_PORT: String(login),
      PACKET_WORLD_PORT: String(choice),
      PACKET_GAME_PORT: String(play),
      REDIS_URL: "none",
      ...extra,
      ...own,
    });
    await game.line(/msg=ready/, startUp);
    return game;
  };
  const beginSite = async (): Promise<Program> => {
    const site = start(process.execPath, [plan.program ?? join(website, "src/main.ts")], env);
    await site.line(/website: ready/, startUp);
    return site;
  };

  // On PostgreSQL the tables are the website's and have to be there first; the
  // file of SQLite is made by the program that starts first, as a rule the game server.
  let game: Program;
  let site: Program;
  if (extra.DATABASE_URL === undefined && plan.between === undefined) {
    game = await beginGame();
    site = await beginSite();
  } else {
    site = await beginSite();
    own = (await plan.between?.(db)) ?? {};
    game = await beginGame();
  }

  return {
    url: `http://127.0.0.1:${http}`,
    env,
    get game() {
      return game;
    },
    site,
    authAddr: env.AUTH_ADDR,
    db,
    async restartGame() {
      running.splice(running.indexOf(game), 1);
      await game.stop();
      game = await beginGame();
    },
    characterAddr: env.CHARACTER_ADDR,
    loginPort: login ?? 0,
    async enter(link) {
      const bot = start(waystone, ["bot"], { WAYSTONE_BOT_LINK: link });
      await bot.line(/^ok {2}stays/);
      return bot;
    },
    async refused(link) {
      const bot = start(waystone, ["bot"], { WAYSTONE_BOT_LINK: link });
      assert.equal(await bot.exit, 1, "a bot that is refused says so");
      assert.ok(!bot.lines.some((l) => /^ok {2}stays/.test(l.text)), "a bot came in that had to be refused");
    },
    playByPassword: (user, md5) =>
      start(
        waystone,
        ["bot", "_server", "127.0.0.1", "_port", String(login), "_direct", "_userid", user, "_pw", md5],
        {},
      ),
    async makeAdmin(name) {
      const admin = start(process.execPath, [join(website, "src/admin.ts"), name], env);
      await admin.line(/is a moderator now/, startUp);
    },
  };
}
