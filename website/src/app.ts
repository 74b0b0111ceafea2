import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Env, Site } from "./http/context.ts";
import { frame } from "./http/frame.ts";
import { sameOrigin, securityHeaders, trustedHeaders } from "./http/guard.ts";
import { readLogin } from "./http/login.ts";
import { serveStatic } from "./http/static.ts";
import { homePage } from "./pages/home.ts";
import { messagePage } from "./pages/message.ts";
import { accountRoutes } from "./routes/account.ts";
import { adminRoutes } from "./routes/admin.ts";
import { deviceRoutes } from "./routes/device.ts";
import { entryRoutes } from "./routes/entry.ts";
import { playRoutes } from "./routes/play.ts";

/** Puts the routes together. */
export function createApp(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  app.use(securityHeaders(site.settings));
  app.use(bodyLimit({ maxSize: 64 * 1024 }));
  serveStatic(app);
  app.get("/healthz", (c) => c.text("ok\n"));

  // better-auth guards its own paths against other sites.
  app.on(["GET", "POST"], "/api/auth/*", (c) => {
    const headers = trustedHeaders(c, site.settings);
    return site.auth.handler(new Request(c.req.raw, { headers }));
  });

  app.use(sameOrigin(site.settings));
  app.use(async (c, next) => {
    const { login, cookies } = await readLogin(site.auth, trustedHeaders(c, site.settings));
    for (const cookie of cookies) c.header("set-cookie", cookie, { append: true });
    c.set("login", login);
    await next();
  });
  app.get("/", (c) => c.html(homePage(frame(c, site))));
  entryRoutes(app, site);
  accountRoutes(app, site);
  playRoutes(app, site);
  deviceRoutes(app, site);
  adminRoutes(app, site);

  const api = (path: string) => path.startsWith("/api/");
  app.notFound((c) => {
    if (api(c.req.path)) return c.json({ error: "not_found", message: "There is no such address." }, 404);
    return c.html(messagePage(frame(c, site), "Off the road", "There is nothing at this address."), 404);
  });
  app.onError((error, c) => {
    console.error("website:", error);
    const text = "Something went wrong here. Try again in a moment.";
    if (api(c.req.path)) return c.json({ error: "internal", message: text }, 500);
    return c.html(messagePage(frame(c, site), "Something went wrong", text), 500);
  });
  return app;
}
