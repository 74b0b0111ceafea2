import { originOf } from "../device-origin.ts";
import type { App, Request, Site } from "../http/context.ts";
import { type Problems, readForm } from "../http/forms.ts";
import { forward } from "../http/forward.ts";
import { frame, requireLogin } from "../http/frame.ts";
import { visitorAddress } from "../http/guard.ts";
import type { Login } from "../http/login.ts";
import { fieldProblems, words } from "../http/words.ts";
import { answeredPage, approvePage, codePage } from "../pages/approve.ts";
import { shown } from "../text.ts";

/** The page on which a player lets a launcher sign in by the code that it shows. */
export function deviceRoutes(app: App, site: Site): void {
  const show = async (c: Request, login: Login, code: string, problems?: Problems) => {
    if (code === "") return c.html(codePage(frame(c, site), undefined, ""));
    // better-auth takes this look as the player's claim to the code.
    const reply = await forward(c, site, `/device?${new URLSearchParams({ user_code: code })}`);
    if (!reply.ok) return c.html(codePage(frame(c, site), words(reply), code), 422);
    if (reply.data.status !== "pending")
      return c.html(codePage(frame(c, site), "This code was used already.", ""), 422);
    const approval = {
      code: code.toUpperCase(),
      userName: login.userName,
      asksPassword: !login.isFresh || problems !== undefined,
      problems,
      origin: await originOf(site.auth, code),
      address: visitorAddress(c, site),
      now: Date.now(),
    };
    return c.html(approvePage(frame(c, site), approval), problems === undefined ? 200 : 422);
  };

  app.get("/device", async (c) => {
    const login = requireLogin(c);
    return login instanceof Response ? login : show(c, login, shown(c.req.query("user_code") ?? "", 16));
  });

  app.post("/device", async (c) => {
    const login = requireLogin(c);
    if (login instanceof Response) return login;
    const form = await readForm(c);
    const approved = form("answer") === "approve";
    const password = form("password");
    const reply = await forward(c, site, approved ? "/device/approve" : "/device/deny", {
      userCode: form("user_code"),
      ...(approved && password !== "" && { password }),
    });
    if (!reply.ok && ["PASSWORD_REQUIRED", "INVALID_PASSWORD", "TOO_MANY_ATTEMPTS"].includes(reply.code))
      return show(c, login, shown(form("user_code"), 16), fieldProblems(reply, { password: "password" }));
    if (!reply.ok) return c.html(codePage(frame(c, site), words(reply), ""), 422);
    return c.html(answeredPage(frame(c, site), approved));
  });
}
