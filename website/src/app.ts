import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { answerApi } from "./http/api.ts";
import { wholeRequest } from "./http/body.ts";
import type { Env, Site } from "./http/context.ts";
import { frame } from "./http/frame.ts";
import { sameOrigin, securityHeaders, trustedHeaders } from "./http/guard.ts";
import { readLogin } from "./http/login.ts";
import { refuse } from "./http/refuse.ts";
import { serveStatic } from "./http/static.ts";
import { themeRoutes } from "./http/theme.ts";
import { homePage } from "./pages/home.ts";
import { accountRoutes } from "./routes/account.ts";
import { adminRoutes } from "./routes/admin.ts";
import { deleteRoutes } from "./routes/delete.ts";
import { deviceRoutes } from "./routes/device.ts";
import { downloadRoutes } from "./routes/download.ts";
import { entryRoutes } from "./routes/entry.ts";
import { forgottenRoutes } from "./routes/forgotten.ts";
import { playRoutes } from "./routes/play.ts";

/** Puts the routes together. */
export function createApp(site: Site): Hono<Env> {
  const app = new Hono<Env>();
  app.use(securityHeaders(site.settings));
  app.use(wholeRequest(site));
  serveStatic(app);
  app.get("/healthz", (c) => c.text("ok\n"));

  // better-auth guards its own paths against other sites.
  app.on(["GET", "POST"], "/api/auth/*", (c) => answerApi(c, site));

  app.use(sameOrigin(site.settings));
  app.use(async (c, next) => {
    const { login, cookies } = await readLogin(site.auth, trustedHeaders(c, site.settings));
    for (const cookie of cookies) c.header("set-cookie", cookie, { append: true });
    c.set("login", login);
    await next();
  });
  app.get("/", async (c) => {
    const [status, news] = await Promise.all([site.status?.get(), site.news?.read()]);
    return c.html(homePage(frame(c, site), status, news));
  });
  entryRoutes(app, site);
  forgottenRoutes(app, site);
  accountRoutes(app, site);
  deleteRoutes(app, site);
  playRoutes(app, site);
  deviceRoutes(app, site);
  adminRoutes(app, site);
  downloadRoutes(app, site);
  themeRoutes(app, site);

  app.notFound((c) =>
    refuse(c, site, 404, "not_found", "There is no page at this address.", "Page not found"),
  );
  app.onError((error, c) => {
    if (error instanceof HTTPException && error.status < 500)
      return refuse(c, site, error.status as 400, "bad_request", error.message);
    console.error("website:", error);
    return refuse(c, site, 500, "internal", "Something went wrong here. Try again in a moment.");
  });
  return app;
}
