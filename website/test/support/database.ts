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

/** Makes a database; drop is for when nobody uses it any more. */
async function makePostgres(url: string): Promise<{ url: string; drop: () => Promise<void> }> {
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

/** A test on a new database of PostgreSQL; skipped without a server, except in CI. */
export function onPostgres(
  title: string,
  body: (t: TestContext, database: TestDatabase, url: string) => Promise<void>,
): void {
  const server = process.env.TEST_DATABASE_URL;
  const skip = server === undefined && process.env.CI === undefined && "TEST_DATABASE_URL is not set";
  test(`on PostgreSQL: ${title}`, { skip }, async (t) => {
    assert.ok(server, "TEST_DATABASE_URL is needed in CI");
    const { url, drop } = await makePostgres(server);
    try {
      // What the body starts on the database ends with this test inside.
      await t.test("with a database", (inner) =>
        body(
          inner,
          { name: "PostgreSQL", env: { DATABASE_URL: url }, open: (u) => openPostgres(u, url) },
          url,
        ),
      );
    } finally {
      await drop();
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
