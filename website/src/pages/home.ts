import { type Html, html } from "./html.ts";
import { type Frame, layout } from "./layout.ts";

/** The first page. */
export function homePage(frame: Frame): Html {
  const { login, siteName } = frame;
  const call =
    login === undefined
      ? html`<a class="button primary large" href="/sign-up">Begin the journey</a>
        <a class="button quiet large" href="/sign-in">Sign in</a>`
      : html`<form method="post" action="/play"><button class="primary large">Play</button></form>
        <a class="button quiet large" href="/account">My account</a>`;
  return layout(
    frame,
    siteName,
    html`<section class="hero">
      <div class="hero-words">
        <h1>The road is long. Walk it together.</h1>
        <p class="lead">${siteName} is a shared world of meadows, harbours and old stones. Make an account, press
          Play, and meet whoever is on the road tonight.</p>
        <div class="row">${call}</div>
      </div>
    </section>
    <section class="steps" aria-labelledby="how">
      <h2 id="how">Three steps to the first milestone</h2>
      <ol>
        <li><h3>Make an account</h3><p>A name, an e-mail address and a password. That is all we ask.</p></li>
        <li><h3>Get the launcher</h3><p>A small program on your PC that starts the game when you press Play.</p></li>
        <li><h3>Press Play</h3><p>The game opens signed in. Choose a character and walk.</p></li>
      </ol>
    </section>`,
  );
}
