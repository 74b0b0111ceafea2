import { alert, type Html, html } from "./html.ts";
import { type Frame, layout } from "./layout.ts";

/** The page that hands the player to the launcher. It opens the link by itself. */
export function playPage(frame: Frame, link: string, launcherUrl: string | undefined): Html {
  return layout(
    frame,
    "Play",
    html`<section class="card narrow centre">
      <h1>The launcher is opening</h1>
      <p>Your browser may ask first whether it may open the launcher. If nothing happens, open it yourself:</p>
      <p><a class="button primary large" id="play-link" href="${link}">Open the launcher</a></p>
      <p class="meta">The link is good once, for one minute. Do not give it away.</p>
      <form method="post" action="/play"><button class="link">Get a new link</button></form>
    </section>
    <section class="card narrow">
      <h2>No launcher yet?</h2>
      <p>The game is started by a small program, <code>waystone-launcher</code>.</p>
      <ol class="plain">
        <li>${
          launcherUrl === undefined
            ? "Get the launcher from the operator of this server."
            : html`<a href="${launcherUrl}">Get the launcher</a> and unpack it.`
        }</li>
        <li>Run <code>waystone-launcher register</code> once, so that your browser knows it.</li>
        <li>Tell it where the game is: <code>waystone-launcher client PATH</code>.</li>
        <li>Come back and press Play.</li>
      </ol>
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
      <h1>Not now</h1>
      ${alert(problem)}
      <form method="post" action="/play"><button class="primary">Try again</button></form>
      <p class="aside"><a href="/account">Back to my account</a></p>
    </section>`,
  );
}
