import { originOf } from "../device-origin.ts";
import type { App, Site } from "../http/context.ts";
import { readForm } from "../http/forms.ts";
import { forward } from "../http/forward.ts";
import { frame, requireLogin } from "../http/frame.ts";
import { visitorAddress } from "../http/guard.ts";
import { words } from "../http/words.ts";
import { answeredPage, approvePage, codePage } from "../pages/approve.ts";
import { shown } from "../text.ts";

/** The page on which a player lets a launcher sign in by the code that it shows. */
export function deviceRoutes(app: App, site: Site): void {
  app.get("/device", async (c) => {
    const login = requireLogin(c);
    if (login instanceof Response) return login;
    const code = shown(c.req.query("user_code") ?? "", 16);
    if (code === "") return c.html(codePage(frame(c, site), undefined, ""));
    // better-auth takes this look as the player's claim to the code.
    const reply = await forward(c, site, `/device?${new URLSearchParams({ user_code: code })}`);
    if (!reply.ok) return c.html(codePage(frame(c, site), words(reply), code), 422);
    if (reply.data.status !== "pending")
      return c.html(codePage(frame(c, site), "This code was used already.", ""), 422);
    const approval = {
      code: code.toUpperCase(),
      userName: login.userName,
      origin: await originOf(site.auth, code),
      address: visitorAddress(c, site),
      now: Date.now(),
    };
    return c.html(approvePage(frame(c, site), approval));
  });

  app.post("/device", async (c) => {
    const login = requireLogin(c);
    if (login instanceof Response) return login;
    const form = await readForm(c);
    const approved = form("answer") === "approve";
    const reply = await forward(c, site, approved ? "/device/approve" : "/device/deny", {
      userCode: form("user_code"),
    });
    if (!reply.ok) return c.html(codePage(frame(c, site), words(reply), ""), 422);
    return c.html(answeredPage(frame(c, site), approved));
  });
}
