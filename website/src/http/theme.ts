import { getCookie, setCookie } from "hono/cookie";
import type { App, Request, Site } from "./context.ts";
import { localPath, readForm } from "./forms.ts";

/** The looks that a visitor can choose; without a choice the browser's counts. */
export type Theme = "light" | "dark";

const name = "theme";
const year = 31_536_000; // seconds

/** Returns the look that the visitor chose. */
export function chosenTheme(c: Request): Theme | undefined {
  const value = getCookie(c, name);
  return value === "light" || value === "dark" ? value : undefined;
}

/** Keeps the choice in a cookie and shows the page again. */
export function themeRoutes(app: App, site: Site): void {
  app.post("/theme", async (c) => {
    const form = await readForm(c);
    const wanted = form("theme");
    setCookie(c, name, wanted, {
      path: "/",
      httpOnly: true,
      sameSite: "Lax",
      secure: site.settings.baseUrl.startsWith("https:"),
      maxAge: wanted === "light" || wanted === "dark" ? year : 0,
    });
    return c.redirect(localPath(form("next"), "/"), 303);
  });
}
