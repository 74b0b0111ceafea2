import { reasonLength } from "../account-rules.ts";
import { banLengths, type Problems } from "../http/forms.ts";
import { isBanned } from "../http/login.ts";
import type { Player } from "../players.ts";
import { action, alert, formFields, type Html, html, titled } from "./html.ts";
import { type Frame, layout } from "./layout.ts";
import { when } from "./times.ts";

/** The list to come back to. */
export interface Place {
  query: string;
  page: number;
}

export interface AdminView extends Place {
  players: Player[];
  total: number;
  pages: number;
  ownId: string;
  problem?: string | undefined;
}

/** What to call a player on a button: the name that nobody else has. */
const called = (p: Player) => p.userName ?? `the account ${p.id}`;

/** Returns the address of a list of players. */
export function listPath({ query, page }: Place, done?: string): string {
  const wanted = {
    ...(query !== "" && { q: query }),
    ...(page > 1 && { page: String(page) }),
    ...(done !== undefined && { done }),
  };
  const text = new URLSearchParams(wanted).toString();
  return text === "" ? "/admin" : `/admin?${text}`;
}

function status(p: Player): Html {
  if (isBanned(p))
    return html`<span class="tag danger">banned ${p.banExpires === undefined ? "for ever" : `until ${when(p.banExpires)}`}</span>
      ${p.banReason === undefined ? "" : html`<span class="meta">Reason: ${p.banReason}</span>`}`;
  return p.role.split(",").includes("admin") ? html`<span class="tag">moderator</span>` : html``;
}

function identity(p: Player): Html {
  return html`<strong>${p.userName ?? "(no user name)"}</strong> ${status(p)}
    <span class="meta">${p.email} · since ${when(p.createdAt)}</span>
    <span class="meta">id <code>${p.id}</code></span>
    ${
      p.freeName === undefined
        ? ""
        : html`<span class="meta">free name “<bdi>${p.freeName}</bdi>”
      ${p.borrowed ? html`<span class="tag warn">the user name of another player</span>` : ""}</span>`
    }`;
}

function row(view: AdminView, p: Player): Html {
  const place = { q: view.query, page: String(view.page) };
  const toBan = `/admin/ban?${new URLSearchParams({ id: p.id, ...place })}`;
  return html`<li class="item player">
    <div>
      ${identity(p)}
      ${
        view.query === ""
          ? ""
          : html`<span class="meta">matches: ${p.matched.length === 0 ? "similar text" : p.matched.join(", ")}</span>`
      }
    </div>
    <div class="acts">
      ${
        p.id === view.ownId
          ? html`<span class="meta">you</span>`
          : isBanned(p)
            ? action(
                "/admin/unban",
                "Lift the ban",
                { id: p.id, ...place },
                "quiet",
                `Lift the ban of ${called(p)}`,
              )
            : html`${action("/admin/end-sessions", "Sign out", { id: p.id, ...place }, "quiet", `Sign out ${called(p)}`)}
              <a class="button danger" href="${toBan}" aria-label="Ban ${called(p)}">Ban</a>`
      }
    </div>
  </li>`;
}

/** The page on which players are found. */
export function adminPage(frame: Frame, view: AdminView): Html {
  const at = (page: number) => listPath({ query: view.query, page });
  return layout(
    frame,
    "Moderation",
    html`<section class="welcome">
      <div><h1>Moderation</h1><p class="meta">A ban ends the game of a player at once.</p></div>
      <form method="get" action="/admin" role="search" class="row search">
        <label class="unseen" for="q">User name, e-mail address, id or free name</label>
        <input id="q" name="q" type="search" value="${view.query}" placeholder="Name, e-mail address or id" autocapitalize="none" maxlength="100">
        <button>Find</button>
      </form>
    </section>
    <section class="card" aria-labelledby="players-title">
      <h2 id="players-title">${view.total === 1 ? "1 player" : `${view.total} players`}</h2>
      <p class="meta">The name in bold is the user name: no two players have the same, and it cannot be changed.
        Players choose their free names, and two can have the same.</p>
      ${alert(view.problem)}
      ${
        view.players.length === 0
          ? html`<p class="empty">No player matches.</p>`
          : html`<ul class="list">${view.players.map((p) => row(view, p))}</ul>`
      }
      ${
        view.pages < 2
          ? ""
          : html`<nav class="row pages" aria-label="Pages">
        ${view.page > 1 ? html`<a href="${at(view.page - 1)}" rel="prev">Previous</a>` : ""}
        <span class="meta">Page ${view.page} of ${view.pages}</span>
        ${view.page < view.pages ? html`<a href="${at(view.page + 1)}" rel="next">Next</a>` : ""}
      </nav>`
      }
    </section>`,
  );
}

/** The page on which one player is banned. */
export function banPage(
  frame: Frame,
  p: Player,
  place: Place,
  given: { reason: string; length: string } = { reason: "", length: "day" },
  problems?: Problems,
): Html {
  const field = formFields(problems);
  return layout(
    frame,
    titled("Ban a player", problems),
    html`<section class="card narrow">
      <h1>Ban a player</h1>
      <p class="item-text">${identity(p)}</p>
      <p>The player leaves the game at once and cannot sign in until the ban ends.</p>
      ${alert(problems?.[""])}
      <form method="post" action="/admin/ban">
        <input type="hidden" name="id" value="${p.id}">
        <input type="hidden" name="q" value="${place.query}">
        <input type="hidden" name="page" value="${place.page}">
        ${field({ name: "reason", label: "Reason", value: given.reason, autocomplete: "off", max: reasonLength })}
        <div class="field">
          <label for="length">For</label>
          <select id="length" name="length">${[...banLengths].map(
            ([value, l]) =>
              html`<option value="${value}" ${value === given.length ? "selected" : ""}>${l.label}</option>`,
          )}</select>
        </div>
        <div class="row">
          <button class="danger">Ban ${called(p)}</button>
          <a class="button quiet" href="${listPath(place)}">Cancel</a>
        </div>
      </form>
    </section>`,
  );
}
