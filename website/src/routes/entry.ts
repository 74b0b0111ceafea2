import type { App, Request, Site } from "../http/context.ts";
import {
  emailProblem,
  localPath,
  onlyProblems,
  type Problems,
  passwordProblem,
  readForm,
  repeatProblem,
  userNameProblem,
} from "../http/forms.ts";
import { forward } from "../http/forward.ts";
import { frame } from "../http/frame.ts";
import { fieldProblems } from "../http/words.ts";
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
    const password = form("password");
    const to = next(form("next"));
    const again = (problems: Problems) =>
      c.html(signUpPage(frame(c, site), { problems, name, email, next: to }), 422);
    const wrong = onlyProblems({
      name: userNameProblem(name),
      email: emailProblem(email),
      password: passwordProblem(password),
      again: repeatProblem(password, form("again")),
    });
    if (wrong !== undefined) return again(wrong);
    const body = { name: name.toLowerCase(), username: name, email, password };
    const reply = await forward(c, site, "/sign-up/email", body);
    if (reply.ok) return c.redirect(to, 303);
    return again(fieldProblems(reply, { name: "name", email: "email", newPassword: "password" }));
  });

  app.post("/sign-in", async (c) => {
    const form = await readForm(c);
    const name = form("name").trim();
    const password = form("password");
    const to = next(form("next"));
    const again = (problems: Problems) =>
      c.html(signInPage(frame(c, site), { problems, name, next: to }), 422);
    const wrong = onlyProblems({
      name: name === "" ? "Enter your name or your e-mail address." : undefined,
      password: password === "" ? "Enter your password." : undefined,
    });
    if (wrong !== undefined) return again(wrong);
    const reply = name.includes("@")
      ? await forward(c, site, "/sign-in/email", { email: name, password })
      : await forward(c, site, "/sign-in/username", { username: name, password });
    if (reply.ok) return c.redirect(to, 303);
    return again(
      fieldProblems(reply, { name: "name", email: "name", password: "password", newPassword: "password" }),
    );
  });

  app.post("/sign-out", async (c) => {
    await forward(c, site, "/sign-out", {});
    return c.redirect("/?done=signed-out", 303);
  });
}
