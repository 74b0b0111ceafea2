import type { Context, Hono } from "hono";
import type { Auth } from "../auth.ts";
import type { GameServer } from "../game/server.ts";
import type { GameStatus } from "../game/status.ts";
import type { Launchers } from "../launchers.ts";
import type { News } from "../news.ts";
import type { MailSetting, Settings } from "../settings.ts";
import type { Limiter } from "./limiter.ts";
import type { Login } from "./login.ts";

/** What every route works with. */
export interface Site {
  settings: Settings;
  auth: Auth;
  game: GameServer;
  /** Undefined: the site does not show it. */
  status: GameStatus | undefined;
  news: News | undefined;
  launchers: Launchers;
  /** How messages reach players. */
  mail: MailSetting["kind"];
  limiter: Limiter;
}

/** What middleware leaves for the routes of a request. */
export interface Env {
  Variables: { login: Login | undefined };
}

export type App = Hono<Env>;
export type Request = Context<Env>;
