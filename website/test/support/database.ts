import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { Client } from "pg";
import type { Stack } from "./stack.ts";

type Value = string | number | boolean | Date | null;
type Row = Record<string, unknown>;

/** A connection to the website's tables, past the website. */
export interface Sql {
  /** Runs a statement whose values are written `?`, and returns its rows. */
  run(text: string, ...values: Value[]): Promise<Row[]>;
}

/** Where the tables of one test are. */
export interface TestDatabase {
  name: "SQLite" | "PostgreSQL";
  /** Settings of the website and the game server that lead there. */
  env: Record<string, string>;
  open(t: TestContext, stack: Stack): Promise<Sql>;
}

const sqlite: TestDatabase = {
  name: "SQLite",
  env: {},
  async open(t, stack) {
    const file = new DatabaseSync(join(stack.env.WAYSTONE_DATA ?? "", "waystone.db"), { timeout: 5000 });
    t.after(() => file.close());
    return {
      async run(text, ...values) {
        const plain = values.map((v) =>
          v instanceof Date ? v.toISOString() : typeof v === "boolean" ? Number(v) : v,
        );
        return file.prepare(text).all(...plain);
      },
    };
  },
};

/** Connects to PostgreSQL; the connection ends with the test. */
export async function openPostgres(t: TestContext, url: string): Promise<Sql> {
  const client = new Client({ connectionString: url });
  await client.connect();
  // The database is dropped under this connection when a test fails early.
  client.on("error", () => undefined);
  t.after(() => client.end());
  return {
    async run(text, ...values) {
      let n = 0;
      const { rows } = await client.query<Row>(
        text.replaceAll("?", () => `$${++n}`),
        values,
      );
      return rows;
    },
  };
}

/** A database of PostgreSQL that belongs to one test. */
interface Server {
  /** As its owner. */
  url: string;
  /** Makes a role that may do nothing yet, and returns its name and its URL. */
  makeRole(): Promise<{ role: string; url: string }>;
}

/** Makes a database; drop is for when nobody uses it any more. */
async function makePostgres(server: string): Promise<Server & { drop: () => Promise<void> }> {
  const unique = () => randomBytes(6).toString("hex");
  const name = `website_${unique()}`;
  const roles: string[] = [];
  const client = new Client({ connectionString: server });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  const database = new URL(server);
  database.pathname = `/${name}`;
  return {
    url: database.href,
    async makeRole() {
      const role = `game_${unique()}`;
      const own = new URL(database);
      own.username = role;
      own.password = unique();
      await client.query(`CREATE ROLE ${role} LOGIN PASSWORD '${own.password}'`);
      roles.push(role);
      return { role, url: own.href };
    },
    async drop() {
      await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
      for (const role of roles) await client.query(`DROP ROLE ${role}`);
      await client.end();
    },
  };
}

/** A test on a new database of PostgreSQL; skipped without a server, except in CI. */
export function onPostgres(
  title: string,
  body: (t: TestContext, database: TestDatabase, server: Server) => Promise<void>,
): void {
  const address = process.env.TEST_DATABASE_URL;
  const skip = address === undefined && process.env.CI === undefined && "TEST_DATABASE_URL is not set";
  test(`on PostgreSQL: ${title}`, { skip }, async (t) => {
    assert.ok(address, "TEST_DATABASE_URL is needed in CI");
    const server = await makePostgres(address);
    const { url } = server;
    const database: TestDatabase = {
      name: "PostgreSQL",
      env: { DATABASE_URL: url },
      open: (inner) => openPostgres(inner, url),
    };
    try {
      // What the body starts on the database ends with the test inside.
      await t.test("with a database", (inner) => body(inner, database, server));
    } finally {
      await server.drop();
    }
  });
}

/** The same test on SQLite and on PostgreSQL. */
export function onEachDatabase(
  title: string,
  body: (t: TestContext, database: TestDatabase) => Promise<void>,
): void {
  test(`on SQLite: ${title}`, (t) => body(t, sqlite));
  onPostgres(title, body);
}
