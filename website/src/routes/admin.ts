import { reasonLength } from "../account-rules.ts";
import type { App, Request, Site } from "../http/context.ts";
import {
  banLengths,
  type Fields,
  onlyProblems,
  type Problems,
  readForm,
  reasonProblem,
} from "../http/forms.ts";
import { forward } from "../http/forward.ts";
import { frame, requireLogin } from "../http/frame.ts";
import type { Login } from "../http/login.ts";
import { refuse } from "../http/refuse.ts";
import { words } from "../http/words.ts";
import { adminPage, banPage, listPath, type Place } from "../pages/admin.ts";
import { findPlayer, findPlayers, longestQuery } from "../players.ts";
import { shown } from "../text.ts";

const perPage = 25;
/** Beyond this nobody turns pages; it keeps the offset a number that databases take. */
const lastPage = 100_000;

function placeOf(value: Fields): Place {
  const page = Number.parseInt(value("page"), 10) || 1;
  return { query: shown(value("q"), longestQuery), page: Math.min(lastPage, Math.max(1, page)) };
}

/** Finding players, banning them and lifting bans. better-auth checks the role of those who act once more. */
export function adminRoutes(app: App, site: Site): void {
  const requireAdmin = (c: Request): Login | Response | Promise<Response> => {
    const login = requireLogin(c);
    if (login instanceof Response || login.isAdmin) return login;
    return refuse(c, site, 403, "forbidden", "This page is for moderators.", "For moderators only");
  };

  const list = async (c: Request, login: Login, place: Place, problem?: string) => {
    const { players, total } = await findPlayers(site.auth, place.query, place.page, perPage);
    const view = {
      ...place,
      players,
      total,
      pages: Math.ceil(total / perPage),
      ownId: login.userId,
      problem,
    };
    return c.html(adminPage(frame(c, site), view), problem === undefined ? 200 : 422);
  };
  const asked = (c: Request) => placeOf((name) => c.req.query(name) ?? "");

  app.get("/admin", async (c) => {
    const login = await requireAdmin(c);
    return login instanceof Response ? login : list(c, login, asked(c));
  });

  const noPlayer = (c: Request) => refuse(c, site, 404, "no_player", "There is no such player.");

  app.get("/admin/ban", async (c) => {
    const login = await requireAdmin(c);
    if (login instanceof Response) return login;
    const player = await findPlayer(site.auth, c.req.query("id") ?? "");
    return player === undefined ? noPlayer(c) : c.html(banPage(frame(c, site), player, asked(c)));
  });

  app.post("/admin/ban", async (c) => {
    const login = await requireAdmin(c);
    if (login instanceof Response) return login;
    const form = await readForm(c);
    const player = await findPlayer(site.auth, form("id"));
    if (player === undefined) return noPlayer(c);
    const place = placeOf(form);
    const given = { reason: form("reason").trim(), length: form("length") };
    const again = (problems: Problems) =>
      c.html(banPage(frame(c, site), player, place, given, problems), 422);
    const length = banLengths.get(given.length);
    const wrong = onlyProblems({
      reason: reasonProblem(given.reason, reasonLength),
      "": length === undefined ? "Choose how long the ban lasts." : undefined,
    });
    if (wrong !== undefined) return again(wrong);
    const reply = await forward(c, site, "/admin/ban-user", {
      userId: player.id,
      banReason: given.reason,
      ...(length?.seconds !== undefined && { banExpiresIn: length.seconds }),
    });
    return reply.ok ? c.redirect(listPath(place, "banned"), 303) : again({ "": words(reply) });
  });

  const act = (path: string, target: string, done: string) =>
    app.post(path, async (c) => {
      const login = await requireAdmin(c);
      if (login instanceof Response) return login;
      const form = await readForm(c);
      const place = placeOf(form);
      const reply = await forward(c, site, target, { userId: form("id") });
      return reply.ok ? c.redirect(listPath(place, done), 303) : list(c, login, place, words(reply));
    });
  act("/admin/unban", "/admin/unban-user", "unbanned");
  act("/admin/end-sessions", "/admin/revoke-user-sessions", "user-sessions");
}
