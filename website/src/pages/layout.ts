import type { Login } from "../http/login.ts";
import type { Theme } from "../http/theme.ts";
import { action, alert, type Html, html } from "./html.ts";
import { logo } from "./logo.ts";

/** What every page needs. */
export interface Frame {
  siteName: string;
  login: Login | undefined;
  path: string;
  /** The look that the visitor chose; undefined leaves it to the browser. */
  theme?: Theme | undefined;
  /** Address of this page, to come back to. */
  back: string;
  /** What was done just now. */
  notice?: string | undefined;
  /** What went wrong with the link that led here. */
  problem?: string | undefined;
}

function link(frame: Frame, path: string, label: string): Html {
  // A form that was refused shows its page at an address below it.
  const here = frame.path === path || frame.path.startsWith(`${path}/`);
  return html`<li><a href="${path}" ${here ? html`aria-current="page"` : ""}>${label}</a></li>`;
}

function themeSwitch(frame: Frame): Html {
  const choice = (value: string, label: string) =>
    html`<button class="link" name="theme" value="${value}" ${(frame.theme ?? "auto") === value ? html`aria-pressed="true"` : html`aria-pressed="false"`}>${label}</button>`;
  return html`<form method="post" action="/theme" class="theme">
    <input type="hidden" name="next" value="${frame.back}">
    <span id="theme-label">Theme:</span>
    <span role="group" aria-labelledby="theme-label">
      ${choice("light", "Light")} ${choice("dark", "Dark")} ${choice("auto", "As my system")}
    </span>
  </form>`;
}

/** A whole page. head is for additional elements of the head. */
export function layout(frame: Frame, title: string, main: Html, head: Html = html``): Html {
  const { login } = frame;
  return html`<!doctype html>
<html lang="en" ${frame.theme === undefined ? "" : html`data-theme="${frame.theme}"`}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="${frame.theme ?? "light dark"}">
<title>${title === frame.siteName ? title : `${title} – ${frame.siteName}`}</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/base.css">
<link rel="stylesheet" href="/static/site.css">
${head}
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="bar">
  <a class="brand" href="/">${logo}<span>${frame.siteName}</span></a>
  <nav aria-label="Site">
    <ul>
      ${link(frame, "/download", "Launcher")}
      ${
        login === undefined
          ? html`${link(frame, "/sign-in", "Sign in")}${link(frame, "/sign-up", "Sign up")}`
          : html`${link(frame, "/account", "My account")}${login.isAdmin ? link(frame, "/admin", "Moderation") : ""}
      <li>${action("/sign-out", "Sign out", {}, "link")}</li>`
      }
    </ul>
  </nav>
</header>
<main id="main" tabindex="-1">
${frame.notice === undefined ? "" : html`<p class="notice" role="status">${frame.notice}</p>`}
${alert(frame.problem)}
${main}
</main>
<footer>
  ${themeSwitch(frame)}
  <p>${frame.siteName} uses cookies for your sign-in and your theme only. It does not track you.</p>
</footer>
</body>
</html>`;
}
