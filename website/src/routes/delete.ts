import type { App, Site } from "../http/context.ts";
import { readForm } from "../http/forms.ts";
import { forward } from "../http/forward.ts";
import { frame, requireLogin } from "../http/frame.ts";
import { fieldProblems } from "../http/words.ts";
import { deletePage } from "../pages/delete.ts";

/** Deleting one's own account. */
export function deleteRoutes(app: App, site: Site): void {
  app.get("/account/delete", (c) => {
    const login = requireLogin(c);
    return login instanceof Response ? login : c.html(deletePage(frame(c, site), login.userName));
  });

  app.post("/account/delete", async (c) => {
    const login = requireLogin(c);
    if (login instanceof Response) return login;
    const password = (await readForm(c))("password");
    const reply = await forward(c, site, "/delete-user", { password });
    if (reply.ok) return c.redirect("/?done=deleted", 303);
    const problems = fieldProblems(reply, { password: "password", newPassword: "password" });
    return c.html(deletePage(frame(c, site), login.userName, problems), 422);
  });
}
