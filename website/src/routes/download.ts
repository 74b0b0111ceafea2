import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import type { App, Site } from "../http/context.ts";
import { frame } from "../http/frame.ts";
import { forVisitor, typeOf } from "../launchers.ts";
import { downloadPage } from "../pages/download.ts";

/** The launcher, for players to take. */
export function downloadRoutes(app: App, site: Site): void {
  const { launcherDir, launcherUrl } = site.settings;

  app.get("/download", async (c) =>
    c.html(
      downloadPage(
        frame(c, site),
        forVisitor(await site.launchers.list(), c.req.header("user-agent") ?? ""),
        launcherDir,
        launcherUrl,
      ),
    ),
  );

  app.get("/download/:name", async (c) => {
    const found = await site.launchers.find(c.req.param("name"));
    if (found === undefined) return c.notFound();
    const { file, path } = found;
    const tag = `"${file.sha256}"`;
    const headers = {
      "Content-Type": typeOf(file.name),
      "Content-Disposition": `attachment; filename="${file.name}"`,
      "Content-Length": String(file.bytes),
      // A launcher that was replaced is told from the one before.
      ETag: tag,
      "Cache-Control": "public, no-cache",
    };
    if (c.req.header("if-none-match") === tag)
      return c.body(null, 304, { ETag: tag, "Cache-Control": headers["Cache-Control"] });
    if (c.req.method === "HEAD") return c.body(null, 200, headers);
    // What the page promised: not a byte more, should the file grow meanwhile.
    const stream = createReadStream(path, { end: file.bytes - 1 });
    return c.body(Readable.toWeb(stream) as ReadableStream, 200, headers);
  });
}
