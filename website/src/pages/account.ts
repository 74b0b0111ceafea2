import type { Character } from "../game/characters.ts";
import type { Problems } from "../http/forms.ts";
import type { MailSetting } from "../settings.ts";
import { shown } from "../text.ts";
import { deviceName } from "./agent.ts";
import { mailNote } from "./forgotten.ts";
import { action, alert, formFields, type Html, html, titled } from "./html.ts";
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
  mail: MailSetting["kind"];
  /** The address that was asked for and refused. */
  newEmail?: string;
  passwordProblems?: Problems;
  gamePasswordProblems?: Problems;
  emailProblems?: Problems;
  characterProblem?: string;
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
          : html`<span class="tag warn">deleted in ${timeLeft(c.deleteAt, view.now)}</span>`
      }
    </div>
    ${c.deleteAt === undefined ? "" : action("/account/characters/restore", `Keep ${c.name}`, { id: c.id })}
  </li>`;
}

function characters(view: AccountView): Html {
  if (typeof view.characters === "string") return alert(view.characters);
  if (view.characters.length === 0)
    return html`<p class="empty">You have no characters yet. Press Play to create one.</p>`;
  return html`<ul class="list">${view.characters.map((c) => characterRow(view, c))}</ul>`;
}

function sessionRow(s: WebSession): Html {
  return html`<li class="item">
    <div>
      <strong>${deviceName(s.userAgent)}</strong>
      ${s.current ? html`<span class="tag">this session</span>` : ""}
      <span class="meta">since ${when(s.createdAt)}${s.ipAddress ? `, from ${shown(s.ipAddress)}` : ""}</span>
    </div>
    ${s.current ? "" : action("/account/sessions/end", "End", { id: s.id }, "quiet", `End the session of ${deviceName(s.userAgent)} since ${when(s.createdAt)}`)}
  </li>`;
}

const ownName = (view: AccountView) =>
  html`<input type="hidden" name="username" autocomplete="username" value="${view.userName}">`;

function sitePassword(view: AccountView): Html {
  const field = formFields(view.passwordProblems, "password-");
  return html`<section class="card" id="password" aria-labelledby="password-title">
    <h2 id="password-title">Website password</h2>
    ${alert(view.passwordProblems?.[""])}
    <form method="post" action="/account/password">
      ${ownName(view)}
      ${field({ name: "current", label: "Current password", type: "password", autocomplete: "current-password" })}
      ${field({
        name: "changed",
        label: "New password",
        type: "password",
        autocomplete: "new-password",
        min: 8,
        max: 128,
        hint: "8 characters or more. A change also removes your game password.",
      })}
      ${field({ name: "again", label: "Repeat the new password", type: "password", autocomplete: "new-password", max: 128 })}
      <label class="check"><input type="checkbox" name="elsewhere" value="yes" checked> End all other sessions, and a running game</label>
      <button>Change password</button>
    </form>
  </section>`;
}

function gamePassword(view: AccountView): Html {
  const field = formFields(view.gamePasswordProblems, "game-password-");
  return html`<section class="card" id="game-password" aria-labelledby="game-password-title">
    <h2 id="game-password-title">Game password</h2>
    <p>You need a game password only to start the game client without the launcher. Play works without one. When you
      change your website password, the game password is removed: set a new one then.</p>
    <p class="caution"><strong>Do not use your website password here.</strong> The game client is old and sends the
      password as an MD5 hash without encryption, so others on the network can read it. Choose a password that you use
      nowhere else.</p>
    ${alert(view.gamePasswordProblems?.[""])}
    <form method="post" action="/account/game-password">
      ${ownName(view)}
      ${field({ name: "current", label: "Current website password", type: "password", autocomplete: "current-password" })}
      ${field({
        name: "new-password",
        label: "New game password",
        type: "password",
        autocomplete: "off",
        min: 8,
        max: 64,
        hint: "8 to 64 letters, digits and signs. To remove it, leave this and the next field empty.",
      })}
      ${field({ name: "again", label: "Repeat the new game password", type: "password", autocomplete: "off", max: 64 })}
      <div class="row">
        <button>Set game password</button>
        <button class="quiet" name="remove" value="yes" formnovalidate>Remove game password</button>
      </div>
    </form>
  </section>`;
}

function email(view: AccountView): Html {
  const field = formFields(view.emailProblems, "email-");
  return html`<section class="card" id="email" aria-labelledby="email-title">
    <h2 id="email-title">E-mail address</h2>
    <p>Your address is <strong>${view.email}</strong>. The link for a forgotten password is sent to it.</p>
    ${mailNote(view.mail)}
    ${alert(view.emailProblems?.[""])}
    ${
      view.mail === "none"
        ? ""
        : html`<form method="post" action="/account/email">
      ${ownName(view)}
      ${field({ name: "email", label: "New e-mail address", type: "email", value: view.newEmail ?? "", autocomplete: "email", hint: "You get a message with a link. The address changes when you open it." })}
      ${field({ name: "current", label: "Current password", type: "password", autocomplete: "current-password" })}
      <button>Change e-mail address</button>
    </form>`
    }
  </section>`;
}

/** The player's own page. */
export function accountPage(frame: Frame, view: AccountView): Html {
  const others = view.sessions.some((s) => !s.current);
  const problems = view.passwordProblems ?? view.gamePasswordProblems ?? view.emailProblems;
  return layout(
    frame,
    titled("My account", problems),
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
        <h2 id="sessions-title">Sessions</h2>
        <p>These browsers and launchers are signed in to your account. Ending a session also ends the game that
          was started from it.</p>
        <ul class="list">${view.sessions.map(sessionRow)}</ul>
        ${others ? action("/account/sessions/end-others", "End all other sessions", {}) : ""}
      </section>
    </div>
    <div class="columns">
      <div>
        ${sitePassword(view)}
        ${email(view)}
      </div>
      <div>
        ${gamePassword(view)}
        <section class="card" aria-labelledby="delete-title">
          <h2 id="delete-title">Delete my account</h2>
          <p>This deletes the account and its characters. You are asked for your password first.</p>
          <a class="button danger" href="/account/delete">Delete my account</a>
        </section>
      </div>
    </div>`,
  );
}
