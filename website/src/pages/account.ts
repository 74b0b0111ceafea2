import type { Character } from "../game/characters.ts";
import { deviceName } from "./agent.ts";
import { action, alert, field, type Html, html } from "./html.ts";
import { type Frame, layout } from "./layout.ts";
import { timeLeft, when } from "./times.ts";

/** A session of the website. */
export interface WebSession {
  id: string;
  userAgent: string | null | undefined;
  ipAddress: string | null | undefined;
  createdAt: Date;
  current: boolean;
}

export interface AccountView {
  userName: string;
  email: string;
  /** The characters, or why they cannot be told. */
  characters: Character[] | string;
  zoneNames: ReadonlyMap<number, string>;
  sessions: WebSession[];
  passwordProblem?: string | undefined;
  gamePasswordProblem?: string | undefined;
  characterProblem?: string | undefined;
  now: number;
}

function characterRow(view: AccountView, c: Character): Html {
  return html`<li class="item">
    <div>
      <strong>${c.name}</strong>
      <span class="meta">Level ${c.level}, ${view.zoneNames.get(c.zone) ?? `zone ${c.zone}`}</span>
      ${
        c.deleteAt === undefined
          ? ""
          : html`<span class="tag warn">gone for good in ${timeLeft(c.deleteAt, view.now)}</span>`
      }
    </div>
    ${c.deleteAt === undefined ? "" : action("/account/characters/restore", `Keep ${c.name}`, { id: c.id })}
  </li>`;
}

function characters(view: AccountView): Html {
  if (typeof view.characters === "string") return alert(view.characters);
  if (view.characters.length === 0)
    return html`<p class="empty">Nobody yet. Press Play and create the first.</p>`;
  return html`<ul class="list">${view.characters.map((c) => characterRow(view, c))}</ul>`;
}

function sessionRow(s: WebSession): Html {
  return html`<li class="item">
    <div>
      <strong>${deviceName(s.userAgent)}</strong>
      ${s.current ? html`<span class="tag">this one</span>` : ""}
      <span class="meta">since ${when(s.createdAt)}${s.ipAddress ? `, from ${s.ipAddress}` : ""}</span>
    </div>
    ${s.current ? "" : action("/account/sessions/end", "End", { id: s.id })}
  </li>`;
}

function sitePassword(view: AccountView): Html {
  return html`<section class="card" id="password" aria-labelledby="password-title">
    <h2 id="password-title">Password of this website</h2>
    ${alert(view.passwordProblem)}
    <form method="post" action="/account/password">
      <input type="hidden" name="username" autocomplete="username" value="${view.userName}">
      ${field({ name: "current", label: "Present password", type: "password", autocomplete: "current-password" })}
      ${field({
        name: "changed",
        label: "New password",
        type: "password",
        autocomplete: "new-password",
        min: 8,
        max: 128,
        hint: "8 characters or more.",
      })}
      <label class="check"><input type="checkbox" name="elsewhere" value="yes" checked> Sign out elsewhere, which ends a running game</label>
      <button>Change password</button>
    </form>
  </section>`;
}

function gamePassword(view: AccountView): Html {
  return html`<section class="card" id="game-password" aria-labelledby="game-password-title">
    <h2 id="game-password-title">Game password</h2>
    <p>Only for starting the game client by hand, without the launcher. You do not need one to press Play.</p>
    <p class="caution"><strong>Never use the password of this website.</strong> The game client is old: it sends
      its password as an MD5 over a link that is not encrypted, where others on the way can read it. Take one that
      you use nowhere else.</p>
    ${alert(view.gamePasswordProblem)}
    <form method="post" action="/account/game-password">
      ${field({
        name: "new-password",
        label: "New game password",
        type: "password",
        autocomplete: "off",
        min: 8,
        max: 64,
        hint: "8 to 64 letters, digits and signs.",
      })}
      ${field({ name: "again", label: "The same again", type: "password", autocomplete: "off", min: 8, max: 64 })}
      <div class="row">
        <button>Set game password</button>
        <button class="quiet" name="remove" value="yes" formnovalidate>Take it away</button>
      </div>
    </form>
  </section>`;
}

/** The player's own page. */
export function accountPage(frame: Frame, view: AccountView): Html {
  const others = view.sessions.some((s) => !s.current);
  return layout(
    frame,
    "My account",
    html`<section class="welcome">
      <div>
        <h1>${view.userName}</h1>
        <p class="meta">${view.email}</p>
      </div>
      <form method="post" action="/play"><button class="primary large">Play</button></form>
    </section>
    <div class="columns">
      <section class="card" aria-labelledby="characters-title">
        <h2 id="characters-title">Characters</h2>
        ${alert(view.characterProblem)}
        ${characters(view)}
      </section>
      <section class="card" aria-labelledby="sessions-title">
        <h2 id="sessions-title">Signed in</h2>
        <p>Ending a session also ends the game that was started from it.</p>
        <ul class="list">${view.sessions.map(sessionRow)}</ul>
        ${others ? action("/account/sessions/end-others", "End all others", {}) : ""}
      </section>
    </div>
    <div class="columns">
      ${sitePassword(view)}
      ${gamePassword(view)}
    </div>`,
  );
}
