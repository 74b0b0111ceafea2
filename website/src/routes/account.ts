import { GameError, logCause } from "../game/errors.ts";
import type { App, Request, Site } from "../http/context.ts";
import {
  emailProblem,
  gamePasswordProblem,
  onlyProblems,
  type Problems,
  passwordProblem,
  readForm,
  repeatProblem,
} from "../http/forms.ts";
import { forward } from "../http/forward.ts";
import { frame, requireLogin } from "../http/frame.ts";
import { trustedHeaders, visitorAddress } from "../http/guard.ts";
import type { Login } from "../http/login.ts";
import { fieldProblems, words } from "../http/words.ts";
import { type AccountView, accountPage } from "../pages/account.ts";

type Refused = Pick<
  AccountView,
  "passwordProblems" | "gamePasswordProblems" | "emailProblems" | "newEmail" | "characterProblem"
>;

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

  const page = async (c: Request, login: Login, refused?: Refused) => {
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
      mail: site.mail,
      now: Date.now(),
      ...refused,
    };
    return c.html(accountPage(frame(c, site), view), refused === undefined ? 200 : 422);
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
    const refuse = (passwordProblems: Problems) => page(c, login, { passwordProblems });
    const wrong = onlyProblems({
      current: missing(form("current")),
      changed: passwordProblem(form("changed")),
      again: repeatProblem(form("changed"), form("again")),
    });
    if (wrong !== undefined) return refuse(wrong);
    const reply = await forward(c, site, "/change-password", {
      currentPassword: form("current"),
      newPassword: form("changed"),
      revokeOtherSessions: elsewhere,
    });
    if (!reply.ok) return refuse(fieldProblems(reply, { password: "current", newPassword: "changed" }));
    return c.redirect(`/account?done=password${elsewhere ? "-and-sessions" : ""}`, 303);
  });

  app.post("/account/game-password", async (c) => {
    const login = requireLogin(c);
    if (login instanceof Response) return login;
    const form = await readForm(c);
    const remove = form("remove") === "yes";
    const password = remove ? "" : form("new-password");
    const refuse = (gamePasswordProblems: Problems) => page(c, login, { gamePasswordProblems });
    const wrong = onlyProblems({
      current: missing(form("current")),
      ...(!remove && {
        "new-password": gamePasswordProblem(password),
        again: repeatProblem(password, form("again")),
      }),
    });
    if (wrong !== undefined) return refuse(wrong);
    if (password !== "" && password === form("current").normalize("NFKC"))
      return refuse({
        "new-password": "This is your website password. Choose one that you use nowhere else.",
      });
    if (!site.limiter.allow(`game-password ${login.userId}`, 10, 60))
      return refuse({ "": "Too many changes. Wait a minute and try again." });
    try {
      await site.game.setGamePassword({
        userId: login.userId,
        password,
        currentPassword: form("current"),
        address: visitorAddress(c, site),
        sessionToken: login.token,
      });
    } catch (error) {
      const wrong = error instanceof GameError && error.code === "wrong_password";
      return refuse({ [wrong ? "current" : ""]: told(error) });
    }
    return c.redirect(`/account?done=game-password${remove ? "-removed" : ""}`, 303);
  });

  app.post("/account/email", async (c) => {
    const login = requireLogin(c);
    if (login instanceof Response) return login;
    const form = await readForm(c);
    const newEmail = form("email").trim();
    const refuse = (emailProblems: Problems) => page(c, login, { emailProblems, newEmail });
    const wrong = onlyProblems({ email: emailProblem(newEmail), current: missing(form("current")) });
    if (wrong !== undefined) return refuse(wrong);
    const reply = await forward(c, site, "/change-email", {
      newEmail,
      password: form("current"),
      callbackURL: "/account?done=email",
    });
    if (!reply.ok)
      return refuse(fieldProblems(reply, { email: "email", password: "current", newPassword: "current" }));
    return c.redirect("/account?done=email-asked", 303);
  });

  app.post("/account/characters/restore", async (c) => {
    const login = requireLogin(c);
    if (login instanceof Response) return login;
    const id = (await readForm(c))("id");
    try {
      if (!/^[1-9]\d{0,9}$/.test(id)) throw new GameError("no_character", 404, "This character is gone.");
      await site.game.restoreCharacter(login.userId, id);
    } catch (error) {
      return page(c, login, { characterProblem: told(error) });
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
    if (!reply.ok) return page(c, login, { characterProblem: words(reply) });
    return c.redirect("/account?done=other-sessions", 303);
  });
}

const missing = (password: string) => (password === "" ? "Enter your current password." : undefined);

function told(error: unknown): string {
  if (!(error instanceof GameError)) throw error;
  logCause(error);
  return error.message;
}
