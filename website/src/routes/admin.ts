import type { App, Request, Site } from "../http/context.ts";
import { banLengths, readForm } from "../http/forms.ts";
import { forward } from "../http/forward.ts";
import { frame, requireLogin } from "../http/frame.ts";
import { trustedHeaders } from "../http/guard.ts";
import type { Login } from "../http/login.ts";
import { words } from "../http/words.ts";
import { adminPage, type Player } from "../pages/admin.ts";
import { messagePage } from "../pages/message.ts";

const perPage = 25;

/** Finding players, banning them and lifting bans. better-auth checks the role once more. */
export function adminRoutes(app: App, site: Site): void {
  const requireAdmin = (c: Request): Login | Response | Promise<Response> => {
    const login = requireLogin(c);
    if (login instanceof Response || login.isAdmin) return login;
    return c.html(messagePage(frame(c, site), "Not for you", "This page is for moderators."), 403);
  };

  const page = async (c: Request, login: Login, problem?: string) => {
    const query = c.req.query("q")?.trim() ?? "";
    const wanted = Math.max(1, Number.parseInt(c.req.query("page") ?? "1", 10) || 1);
    const { users, total } = await site.auth.api.listUsers({
      headers: trustedHeaders(c, site.settings),
      query: {
        limit: perPage,
        offset: (wanted - 1) * perPage,
        sortBy: "createdAt",
        sortDirection: "desc",
        ...(query === ""
          ? {}
          : {
              searchValue: query.toLowerCase(),
              searchField: query.includes("@") ? "email" : "name",
              searchOperator: "contains",
            }),
      },
    });
    const view = {
      query,
      players: users.map(asPlayer),
      total,
      page: wanted,
      pages: Math.ceil(total / perPage),
      ownId: login.userId,
      problem,
    };
    return c.html(adminPage(frame(c, site), view), problem === undefined ? 200 : 422);
  };

  app.get("/admin", async (c) => {
    const login = await requireAdmin(c);
    return login instanceof Response ? login : page(c, login);
  });

  const act = (
    path: string,
    target: string,
    done: string,
    body: (form: (name: string) => string) => object,
  ) =>
    app.post(path, async (c) => {
      const login = await requireAdmin(c);
      if (login instanceof Response) return login;
      const form = await readForm(c);
      const reply = await forward(c, site, target, { userId: form("id"), ...body(form) });
      return reply.ok ? c.redirect(`/admin?done=${done}`, 303) : page(c, login, words(reply));
    });

  act("/admin/ban", "/admin/ban-user", "banned", (form) => {
    const seconds = banLengths.get(form("length"))?.seconds;
    const reason = form("reason").trim().slice(0, 200);
    return {
      ...(reason === "" ? {} : { banReason: reason }),
      ...(seconds === undefined ? {} : { banExpiresIn: seconds }),
    };
  });
  act("/admin/unban", "/admin/unban-user", "unbanned", () => ({}));
  act("/admin/end-sessions", "/admin/revoke-user-sessions", "user-sessions", () => ({}));
}

type Row = Awaited<ReturnType<Site["auth"]["api"]["listUsers"]>>["users"][number];

function asPlayer(row: Row): Player {
  return {
    id: row.id,
    name: row.name,
    email: row.email,
    role: row.role ?? "",
    createdAt: new Date(row.createdAt).toISOString(),
    banned: row.banned ?? false,
    banReason: row.banReason ?? undefined,
    banExpires: row.banExpires ? new Date(row.banExpires).toISOString() : undefined,
  };
}
