import type { GameState } from "../game/status.ts";
import { type Html, html } from "./html.ts";
import { type Frame, layout } from "./layout.ts";

function stateLine(status: GameState): Html {
  if (status.state === "unknown")
    return html`<p class="state"><span class="dot" aria-hidden="true"></span>Server status: unknown</p>`;
  const { players } = status;
  const count =
    players === undefined ? "" : ` – ${players === 1 ? "1 player" : `${players} players`} in the game`;
  return html`<p class="state"><span class="dot on" aria-hidden="true"></span>Server status: online${count}</p>`;
}

/** The first page. */
export function homePage(frame: Frame, status: GameState | undefined, news: Html | undefined): Html {
  const { login, siteName } = frame;
  const call =
    login === undefined
      ? html`<a class="button primary large" href="/sign-up">Create an account</a>
        <a class="button quiet large" href="/sign-in">Sign in</a>`
      : html`<form method="post" action="/play"><button class="primary large">Play</button></form>
        <a class="button quiet large" href="/account">My account</a>`;
  return layout(
    frame,
    siteName,
    html`<section class="hero">
      <div class="hero-words">
        <h1>The road is long. Walk it together.</h1>
        <p class="lead">${siteName} is a shared world of meadows, harbours and old stones. Create an account, press
          Play and meet the other players.</p>
        <div class="row">${call}</div>
        ${status === undefined ? "" : stateLine(status)}
      </div>
    </section>
    ${
      news === undefined
        ? ""
        : html`<section class="card news" aria-labelledby="news"><h2 id="news">News</h2>${news}</section>`
    }
    <section class="steps" aria-labelledby="how">
      <h2 id="how">Three steps into the game</h2>
      <ol>
        <li><h3>Create an account</h3><p>You need a name, an e-mail address and a password.</p></li>
        <li><h3><a href="/download">Get the launcher</a></h3><p>A small program on your PC that starts the game when you press Play.</p></li>
        <li><h3>Press Play</h3><p>The game opens and you are signed in. Choose a character and start.</p></li>
      </ol>
    </section>`,
  );
}
