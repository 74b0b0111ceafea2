import { GameError, logCause } from "../game/errors.ts";
import type { App, Site } from "../http/context.ts";
import { frame, requireLogin } from "../http/frame.ts";
import type { Login } from "../http/login.ts";
import { playLink } from "../link.ts";
import { playFailedPage, playPage } from "../pages/play.ts";

/** What a launcher gets from POST /api/play. */
export interface PlayReply {
  link: string;
  host: string;
  port: number;
  user: string;
  ticket: string;
  /** ISO 8601. */
  expiresAt: string;
}

/** Starting the game: a page for browsers, JSON for programs. */
export function playRoutes(app: App, site: Site): void {
  const { gameHost: host, gamePort: port, baseUrl } = site.settings;

  const play = async (login: Login): Promise<PlayReply> => {
    if (!site.limiter.allow(`play ${login.userId}`, 10, 10))
      throw new GameError("too_many", 429, "Too many attempts. Wait some seconds and try again.");
    const { ticket, user, expiresAt } = await site.game.issueTicket(login.token);
    return {
      link: playLink({ host, port, user, ticket, site: baseUrl }),
      host,
      port,
      user,
      ticket,
      expiresAt,
    };
  };

  // What fails beyond a GameError is a fault of ours, for the handler of errors.
  const known = (error: unknown): GameError => {
    if (!(error instanceof GameError)) throw error;
    logCause(error);
    return error;
  };

  // A launcher asks here whether a link that names this site leads to its game.
  app.get("/.well-known/waystone-play", (c) => c.json({ host, port }));

  app.get("/play", (c) => c.redirect("/account", 303));

  app.post("/play", async (c) => {
    const login = requireLogin(c);
    if (login instanceof Response) return login;
    try {
      const { link } = await play(login);
      return c.html(playPage(frame(c, site), link, site.settings.launcherUrl));
    } catch (error) {
      const { message, status } = known(error);
      return c.html(playFailedPage(frame(c, site), message), status);
    }
  });

  app.post("/api/play", async (c) => {
    const login = c.get("login");
    if (login === undefined)
      return c.json(
        { error: "signed_out", message: "Sign in, and send the session's token as a Bearer token." },
        401,
      );
    try {
      return c.json(await play(login));
    } catch (error) {
      const { code, message, status } = known(error);
      return c.json({ error: code, message }, status);
    }
  });
}
