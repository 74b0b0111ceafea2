import type { App, Request, Site } from "../http/context.ts";
import { localPath, readForm } from "../http/forms.ts";
import { forward } from "../http/forward.ts";
import { frame } from "../http/frame.ts";
import { words } from "../http/words.ts";
import { signInPage, signUpPage } from "../pages/entry.ts";

/** Signing up, in and out. */
export function entryRoutes(app: App, site: Site): void {
  const next = (wanted: string | undefined) => localPath(wanted, "/account");

  const show = (page: typeof signUpPage) => (c: Request) => {
    const to = next(c.req.query("next"));
    return c.get("login") === undefined ? c.html(page(frame(c, site), { next: to })) : c.redirect(to, 303);
  };
  app.get("/sign-up", show(signUpPage));
  app.get("/sign-in", show(signInPage));

  app.post("/sign-up", async (c) => {
    const form = await readForm(c);
    const name = form("name").trim();
    const email = form("email").trim();
    const reply = await forward(c, site, "/sign-up/email", {
      name: name.toLowerCase(),
      username: name,
      email,
      password: form("password"),
    });
    const to = next(form("next"));
    if (reply.ok) return c.redirect(to, 303);
    return c.html(signUpPage(frame(c, site), { problem: words(reply), name, email, next: to }), 422);
  });

  app.post("/sign-in", async (c) => {
    const form = await readForm(c);
    const name = form("name").trim();
    const password = form("password");
    const reply = name.includes("@")
      ? await forward(c, site, "/sign-in/email", { email: name, password })
      : await forward(c, site, "/sign-in/username", { username: name, password });
    const to = next(form("next"));
    if (reply.ok) return c.redirect(to, 303);
    return c.html(signInPage(frame(c, site), { problem: words(reply), name, next: to }), 422);
  });

  app.post("/sign-out", async (c) => {
    await forward(c, site, "/sign-out", {});
    return c.redirect("/?done=signed-out", 303);
  });
}
