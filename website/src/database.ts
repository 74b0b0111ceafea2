import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { Pool } from "pg";
import type { DatabaseSetting } from "./settings.ts";

/** An open database, as better-auth takes it. */
export interface Database {
  handle: DatabaseSync | Pool;
  close(): Promise<void>;
}

/**
 * A SQLite file whose transactions may write from their beginning. Better-auth
 * reads first and then hashes a password; when the game server wrote meanwhile,
 * SQLite would refuse the write that follows, without waiting.
 */
class Writable extends DatabaseSync {
  override prepare(sql: string): StatementSync {
    return super.prepare(sql === "begin" ? "begin immediate" : sql);
  }
}

/** Opens the database that the game server reads as well. */
export function openDatabase(setting: DatabaseSetting): Database {
  if (setting.kind === "postgres") {
    const pool = new Pool({ connectionString: setting.url, max: 10, connectionTimeoutMillis: 5000 });
    // A connection that breaks while idle is replaced at its next use.
    pool.on("error", (error) => console.warn(`website: a database connection broke: ${error.message}`));
    return { handle: pool, close: () => pool.end() };
  }
  mkdirSync(dirname(setting.path), { recursive: true, mode: 0o700 });
  // It holds session tokens and hashes of passwords. SQLite gives what it keeps
  // beside the file the same mode.
  closeSync(openSync(setting.path, "a", 0o600));
  const file = new Writable(setting.path, { timeout: 5000 });
  // With a write-ahead log the server's readers do not hold up our writes.
  file.exec("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON");
  return { handle: file, close: async () => file.close() };
}
