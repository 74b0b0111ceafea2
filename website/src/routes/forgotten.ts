import type { App, Site } from "../http/context.ts";
import { emailProblem, onlyProblems, passwordProblem, readForm, repeatProblem } from "../http/forms.ts";
import { forward } from "../http/forward.ts";
import { frame } from "../http/frame.ts";
import { fieldProblems } from "../http/words.ts";
import { forgotPage, resetPage, sentPage } from "../pages/forgotten.ts";

/** A new password for those who forgot theirs, by a link that is sent to them. */
export function forgottenRoutes(app: App, site: Site): void {
  app.get("/forgot-password", (c) => c.html(forgotPage(frame(c, site), site.mail)));

  app.post("/forgot-password", async (c) => {
    const email = (await readForm(c))("email").trim();
    const wrong = onlyProblems({ email: emailProblem(email) });
    if (wrong !== undefined) return c.html(forgotPage(frame(c, site), site.mail, email, wrong), 422);
    const reply = await forward(c, site, "/request-password-reset", { email });
    if (reply.ok) return c.html(sentPage(frame(c, site), site.mail, email));
    const problems = fieldProblems(reply, { email: "email" });
    return c.html(forgotPage(frame(c, site), site.mail, email, problems), 422);
  });

  app.get("/reset-password", (c) => c.html(resetPage(frame(c, site), c.req.query("token") ?? "")));

  app.post("/reset-password", async (c) => {
    const form = await readForm(c);
    const token = form("token");
    const newPassword = form("password");
    const wrong = onlyProblems({
      password: passwordProblem(newPassword),
      again: repeatProblem(newPassword, form("again")),
    });
    if (wrong !== undefined) return c.html(resetPage(frame(c, site), token, wrong), 422);
    const reply = await forward(c, site, "/reset-password", { token, newPassword });
    if (reply.ok) return c.redirect("/sign-in?done=password-reset", 303);
    return c.html(resetPage(frame(c, site), token, fieldProblems(reply, { newPassword: "password" })), 422);
  });
}
