import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import type { App } from "./context.ts";

const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
};

/** Serves the files of static/, which are read once. */
export function serveStatic(app: App): void {
  const folder = join(import.meta.dirname, "../../static");
  for (const name of readdirSync(folder)) {
    const type = types[extname(name)];
    if (type === undefined) throw new Error(`static/${name} is of a kind that is not served`);
    const body = readFileSync(join(folder, name), "utf8");
    const tag = `"${createHash("sha256").update(body).digest("base64url")}"`;
    app.get(name === "robots.txt" ? "/robots.txt" : `/static/${name}`, (c) => {
      const headers = { "Content-Type": type, ETag: tag, "Cache-Control": "public, max-age=300" };
      if (c.req.header("if-none-match") === tag) return c.body(null, 304, headers);
      return c.body(body, 200, headers);
    });
  }
}
