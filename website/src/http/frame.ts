import type { Frame } from "../pages/layout.ts";
import type { Request, Site } from "./context.ts";
import type { Login } from "./login.ts";
import { notice } from "./notices.ts";
import { chosenTheme } from "./theme.ts";
import { linkProblem } from "./words.ts";

/** The page that belongs to an address, without what only happened once. */
function pageOf(c: Request): string {
  const url = new URL(c.req.url);
  // A form that was refused shows its page at an address below it, which takes no GET.
  if (c.req.method !== "GET") return url.pathname === "/account/delete" ? url.pathname : firstPart(url);
  for (const name of ["done", "error"]) url.searchParams.delete(name);
  return url.pathname + url.search;
}

const firstPart = (url: URL) => `/${url.pathname.split("/")[1]}`;

/** Returns what every page needs, out of the request. */
export function frame(c: Request, site: Site): Frame {
  return {
    siteName: site.settings.siteName,
    login: c.get("login"),
    path: c.req.path,
    theme: chosenTheme(c),
    back: pageOf(c),
    notice: notice(c.req.query("done")),
    problem: linkProblem(c.req.query("error")),
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
