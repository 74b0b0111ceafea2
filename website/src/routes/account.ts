import { GameError } from "../game/errors.ts";
import type { App, Request, Site } from "../http/context.ts";
import { gamePasswordProblem, readForm } from "../http/forms.ts";
import { forward } from "../http/forward.ts";
import { frame, requireLogin } from "../http/frame.ts";
import { trustedHeaders } from "../http/guard.ts";
import type { Login } from "../http/login.ts";
import { words } from "../http/words.ts";
import { type AccountView, accountPage } from "../pages/account.ts";

type Problems = Pick<AccountView, "passwordProblem" | "gamePasswordProblem" | "characterProblem">;

/** The player's own page and its forms. */
export function accountRoutes(app: App, site: Site): void {
  const sessions = (c: Request) => site.auth.api.listSessions({ headers: trustedHeaders(c, site.settings) });

  const characters = async (login: Login): Promise<AccountView["characters"]> => {
    try {
      return await site.game.listCharacters(login.userId);
    } catch (error) {
      return told(error);
    }
  };

  const page = async (c: Request, login: Login, problems: Problems = {}, status: 200 | 422 = 200) => {
    const [list, open] = await Promise.all([characters(login), sessions(c)]);
    const view: AccountView = {
      userName: login.userName,
      email: login.email,
      characters: list,
      zoneNames: site.settings.zoneNames,
      // Tokens stay here: forms name a session by its id.
      sessions: open
        .map((s) => ({
          id: s.id,
          userAgent: s.userAgent,
          ipAddress: s.ipAddress,
          createdAt: s.createdAt,
          current: s.id === login.sessionId,
        }))
        .sort(
          (a, b) => Number(b.current) - Number(a.current) || b.createdAt.getTime() - a.createdAt.getTime(),
        ),
      now: Date.now(),
      ...problems,
    };
    return c.html(accountPage(frame(c, site), view), status);
  };

  app.get("/account", async (c) => {
    const login = requireLogin(c);
    return login instanceof Response ? login : page(c, login);
  });

  app.post("/account/password", async (c) => {
    const login = requireLogin(c);
    if (login instanceof Response) return login;
    const form = await readForm(c);
    const elsewhere = form("elsewhere") === "yes";
    const reply = await forward(c, site, "/change-password", {
      currentPassword: form("current"),
      newPassword: form("changed"),
      revokeOtherSessions: elsewhere,
    });
    if (!reply.ok) return page(c, login, { passwordProblem: words(reply) }, 422);
    return c.redirect(`/account?done=password${elsewhere ? "-and-sessions" : ""}`, 303);
  });

  app.post("/account/game-password", async (c) => {
    const login = requireLogin(c);
    if (login instanceof Response) return login;
    const form = await readForm(c);
    const remove = form("remove") === "yes";
    const password = remove ? "" : form("new-password");
    const refuse = (problem: string) => page(c, login, { gamePasswordProblem: problem }, 422);
    const problem = remove ? undefined : gamePasswordProblem(password, form("again"));
    if (problem !== undefined) return refuse(problem);
    if (!site.limiter.allow(`game-password ${login.userId}`, 5, 60))
      return refuse("Too many changes. Wait a minute and try again.");
    if (!remove && (await isSitePassword(c, site, password)))
      return refuse("This is your password of this website. Take one that you use nowhere else.");
    try {
      await site.game.setGamePassword(login.userId, password);
    } catch (error) {
      return refuse(told(error));
    }
    return c.redirect(`/account?done=game-password${remove ? "-removed" : ""}`, 303);
  });

  app.post("/account/characters/restore", async (c) => {
    const login = requireLogin(c);
    if (login instanceof Response) return login;
    const id = (await readForm(c))("id");
    try {
      if (!/^[1-9]\d{0,9}$/.test(id)) throw new GameError("no_character", 404, "This character is gone.");
      await site.game.restoreCharacter(login.userId, id);
    } catch (error) {
      return page(c, login, { characterProblem: told(error) }, 422);
    }
    return c.redirect("/account?done=restored", 303);
  });

  app.post("/account/sessions/end", async (c) => {
    const login = requireLogin(c);
    if (login instanceof Response) return login;
    const id = (await readForm(c))("id");
    const session = (await sessions(c)).find((s) => s.id === id);
    // One that is gone already is what was wanted.
    if (session !== undefined) await forward(c, site, "/revoke-session", { token: session.token });
    return c.redirect("/account?done=session", 303);
  });

  app.post("/account/sessions/end-others", async (c) => {
    const login = requireLogin(c);
    if (login instanceof Response) return login;
    const reply = await forward(c, site, "/revoke-other-sessions", {});
    if (!reply.ok) return c.text(words(reply), 502);
    return c.redirect("/account?done=other-sessions", 303);
  });
}

function told(error: unknown): string {
  if (!(error instanceof GameError)) throw error;
  if (error.cause !== undefined) console.error("website: the game server:", error.cause);
  return error.message;
}

/** Whether a password is the one of the player's website account. */
async function isSitePassword(c: Request, site: Site, password: string): Promise<boolean> {
  const headers = trustedHeaders(c, site.settings);
  return site.auth.api.verifyPassword({ body: { password }, headers }).then(
    () => true,
    () => false,
  );
}
