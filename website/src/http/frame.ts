import type { Frame } from "../pages/layout.ts";
import type { Request, Site } from "./context.ts";
import type { Login } from "./login.ts";
import { notice } from "./notices.ts";

/** Returns what every page needs, out of the request. */
export function frame(c: Request, site: Site): Frame {
  return {
    siteName: site.settings.siteName,
    login: c.get("login"),
    path: c.req.path,
    notice: notice(c.req.query("done")),
  };
}

/** Returns the visitor's login, or sends them to sign in and come back. */
export function requireLogin(c: Request): Login | Response {
  const login = c.get("login");
  if (login !== undefined) return login;
  const url = new URL(c.req.url);
  const back = c.req.method === "GET" ? url.pathname + url.search : "/account";
  return c.redirect(`/sign-in?${new URLSearchParams({ next: back })}`, 303);
}
