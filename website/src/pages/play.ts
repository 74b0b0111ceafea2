import { setupSteps } from "./download.ts";
import { alert, type Html, html } from "./html.ts";
import { type Frame, layout } from "./layout.ts";

/** The page that hands the player to the launcher. It opens the link by itself. */
export function playPage(frame: Frame, link: string, launcherUrl: string | undefined): Html {
  return layout(
    frame,
    "Play",
    html`<section class="card narrow centre">
      <h1>The launcher is opening</h1>
      <p>Your browser may ask whether it may open the launcher. If nothing happens, open the launcher yourself:</p>
      <p><a class="button primary large" id="play-link" href="${link}">Open the launcher</a></p>
      <p class="meta">The link works once, for one minute. Do not share it.</p>
      <form method="post" action="/play"><button class="link">Get a new link</button></form>
    </section>
    <section class="card narrow">
      <h2>No launcher yet?</h2>
      <p><a href="${launcherUrl ?? "/download"}">Get the launcher</a>, then set it up once:</p>
      ${setupSteps}
    </section>`,
    // A page without scripts opens the link this way.
    html`<meta http-equiv="refresh" content="0;url=${link}">`,
  );
}

/** The page that says why the game cannot be started. */
export function playFailedPage(frame: Frame, problem: string): Html {
  return layout(
    frame,
    "Play",
    html`<section class="card narrow centre">
      <h1>The game cannot start</h1>
      ${alert(problem)}
      <form method="post" action="/play"><button class="primary">Try again</button></form>
      <p class="aside"><a href="/account">Back to My account</a></p>
    </section>`,
  );
}
