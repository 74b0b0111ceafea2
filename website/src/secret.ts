import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "./settings.ts";

/**
 * Returns the key that signs cookies. Without BETTER_AUTH_SECRET one is made at
 * the first start and kept beside the database, so that sign-ins outlive a
 * restart.
 */
export function signingSecret(settings: Settings): string {
  if (settings.secret !== undefined) return settings.secret;
  const file = join(settings.dataDir, "website-secret");
  mkdirSync(settings.dataDir, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, `${randomBytes(32).toString("base64url")}\n`, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  if (process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0)
    throw new Error(
      `${file} may be read by other users, who could make themselves any session: remove it, and a new one is made`,
    );
  const secret = readFileSync(file, "utf8").trim();
  if (secret.length < 32) throw new Error(`${file} is damaged: remove it, and a new one is made`);
  return secret;
}
