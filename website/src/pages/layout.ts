import type { Login } from "../http/login.ts";
import { action, type Html, html } from "./html.ts";
import { logo } from "./logo.ts";

/** What every page needs. */
export interface Frame {
  siteName: string;
  login: Login | undefined;
  path: string;
  /** What was done just now. */
  notice?: string | undefined;
}

function link(frame: Frame, path: string, label: string): Html {
  // A form that was refused shows its page at an address below it.
  const here = frame.path === path || frame.path.startsWith(`${path}/`);
  return html`<li><a href="${path}" ${here ? html`aria-current="page"` : ""}>${label}</a></li>`;
}

/** A whole page. head is for what belongs there besides the common things. */
export function layout(frame: Frame, title: string, main: Html, head: Html = html``): Html {
  const { login } = frame;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark">
<title>${title === frame.siteName ? title : `${title} – ${frame.siteName}`}</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/site.css">
${head}
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="bar">
  <a class="brand" href="/">${logo}<span>${frame.siteName}</span></a>
  <nav aria-label="Site">
    <ul>
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
${main}
</main>
<footer>
  <p>${frame.siteName} keeps one cookie, for your sign-in, and follows nobody around.</p>
</footer>
</body>
</html>`;
}
