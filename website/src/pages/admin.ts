import { banLengths } from "../http/forms.ts";
import { isBanned } from "../http/login.ts";
import { action, alert, type Html, html } from "./html.ts";
import { type Frame, layout } from "./layout.ts";
import { when } from "./times.ts";

/** An account as moderators see it. */
export interface Player {
  id: string;
  name: string;
  email: string;
  role: string;
  createdAt: string;
  banned: boolean;
  banReason: string | undefined;
  banExpires: string | undefined;
}

export interface AdminView {
  query: string;
  players: Player[];
  total: number;
  page: number;
  pages: number;
  ownId: string;
  problem?: string | undefined;
}

function ban(p: Player): Html {
  return html`<details>
    <summary aria-label="Ban ${p.name}">Ban</summary>
    <form method="post" action="/admin/ban" class="ban">
      <input type="hidden" name="id" value="${p.id}">
      <label>Reason <input name="reason" required maxlength="200" autocomplete="off"></label>
      <label>For <select name="length">${[...banLengths].map(
        ([value, l]) =>
          html`<option value="${value}" ${value === "day" ? "selected" : ""}>${l.label}</option>`,
      )}</select></label>
      <button class="danger">Ban ${p.name}</button>
    </form>
  </details>`;
}

function status(p: Player): Html {
  if (isBanned(p))
    return html`<span class="tag danger">banned ${p.banExpires === undefined ? "for ever" : `until ${when(p.banExpires)}`}</span>
      ${p.banReason === undefined ? "" : html`<span class="meta">${p.banReason}</span>`}`;
  return p.role.split(",").includes("admin") ? html`<span class="tag">moderator</span>` : html``;
}

function row(view: AdminView, p: Player): Html {
  return html`<li class="item player">
    <div>
      <strong>${p.name}</strong> ${status(p)}
      <span class="meta">${p.email}, since ${when(p.createdAt)}</span>
    </div>
    <div class="acts">
      ${
        p.id === view.ownId
          ? html`<span class="meta">you</span>`
          : isBanned(p)
            ? action("/admin/unban", "Lift the ban", { id: p.id })
            : html`${action("/admin/end-sessions", "Sign out", { id: p.id })}${ban(p)}`
      }
    </div>
  </li>`;
}

/** The page on which players are found and banned. */
export function adminPage(frame: Frame, view: AdminView): Html {
  const at = (page: number) => `/admin?${new URLSearchParams({ q: view.query, page: String(page) })}`;
  return layout(
    frame,
    "Moderation",
    html`<section class="welcome">
      <div><h1>Moderation</h1><p class="meta">A ban puts a player out of the game at once.</p></div>
      <form method="get" action="/admin" role="search" class="row search">
        <label class="unseen" for="q">Name or e-mail address</label>
        <input id="q" name="q" type="search" value="${view.query}" placeholder="Name or e-mail address" autocapitalize="none">
        <button>Find</button>
      </form>
    </section>
    <section class="card" aria-labelledby="players-title">
      <h2 id="players-title">${view.total === 1 ? "1 player" : `${view.total} players`}</h2>
      ${alert(view.problem)}
      ${
        view.players.length === 0
          ? html`<p class="empty">Nobody of that name.</p>`
          : html`<ul class="list">${view.players.map((p) => row(view, p))}</ul>`
      }
      ${
        view.pages < 2
          ? ""
          : html`<nav class="row pages" aria-label="Pages">
        ${view.page > 1 ? html`<a href="${at(view.page - 1)}" rel="prev">Earlier</a>` : ""}
        <span class="meta">Page ${view.page} of ${view.pages}</span>
        ${view.page < view.pages ? html`<a href="${at(view.page + 1)}" rel="next">Later</a>` : ""}
      </nav>`
      }
    </section>`,
  );
}
