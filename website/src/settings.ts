import { resolve } from "node:path";

/** Where the accounts are kept. */
export type DatabaseSetting = { kind: "sqlite"; path: string } | { kind: "postgres"; url: string };

/**
 * How mail is sent: by a mail server; into the log, for trying things out; or
 * not at all, in production without a mail server.
 */
export type MailSetting = { kind: "smtp"; url: string; from: string } | { kind: "log" } | { kind: "none" };

/** All that an operator can set; README.md lists the variables. */
export interface Settings {
  production: boolean;
  host: string;
  port: number;
  /** Origin under which browsers reach the site, without a slash at the end. */
  baseUrl: string;
  /** Undefined: made at the first start and kept in dataDir. */
  secret: string | undefined;
  dataDir: string;
  database: DatabaseSetting;
  authAddr: string;
  characterAddr: string;
  serviceToken: string | undefined;
  protoDir: string;
  gameHost: string;
  gamePort: number;
  siteName: string;
  /** Page elsewhere that offers the launcher; undefined when this site offers it itself. */
  launcherUrl: string | undefined;
  /** Folder of the launchers that this site offers. */
  launcherDir: string;
  /** The game server's /status; undefined when the site does not show it. */
  gameStatusUrl: string | undefined;
  /** File with the news of the first page; undefined when there is none. */
  newsFile: string | undefined;
  mail: MailSetting;
  zoneNames: ReadonlyMap<number, string>;
  /** Header in which the reverse proxy names the visitor; undefined without a proxy. */
  clientIpHeader: string | undefined;
  rateLimit: boolean;
}

/** Tells everything that is wrong with the settings, a sentence for each. */
export class SettingsError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "SettingsError";
    this.problems = problems;
  }
}

const repository = resolve(import.meta.dirname, "../..");
const hostPattern = /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/;
const defaultZones = "1=Highgate,2=Harbour,20=First Meadow";

/** Reads the settings out of environment variables. An empty one counts as unset. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const problems: string[] = [];
  const text = (name: string): string | undefined => env[name]?.trim() || undefined;

  const port = (name: string, fallback: number): number => {
    const value = text(name) ?? String(fallback);
    if (/^[1-9]\d{0,4}$/.test(value) && Number(value) <= 65535) return Number(value);
    problems.push(`${name} must be a port from 1 to 65535, not ${JSON.stringify(value)}`);
    return fallback;
  };

  const onOff = (name: string, fallback: boolean): boolean => {
    const value = text(name);
    if (value === undefined) return fallback;
    if (value !== "on" && value !== "off") problems.push(`${name} must be on or off`);
    return value === "on";
  };

  const url = (name: string, fallback?: string): string | undefined => {
    const value = text(name) ?? fallback;
    if (value === undefined) return undefined;
    if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return value;
    problems.push(`${name} must be an http or https address`);
    return undefined;
  };

  const production = text("NODE_ENV") === "production";
  const host = text("HOST") ?? "127.0.0.1";
  const listen = port("PORT", 3000);
  const base = new URL(url("BASE_URL") ?? `http://${host}:${listen}`);
  if (base.pathname !== "/" || base.search !== "") problems.push("BASE_URL must have no path");
  if (production && text("BASE_URL") === undefined)
    problems.push("BASE_URL is needed in production: the address that players type");

  const secret = text("BETTER_AUTH_SECRET");
  if (secret !== undefined && secret.length < 32)
    problems.push("BETTER_AUTH_SECRET must have 32 characters or more; `openssl rand -base64 32` makes one");
  if (production && secret === undefined)
    problems.push("BETTER_AUTH_SECRET is needed in production; `openssl rand -base64 32` makes one");

  const dataDir = resolve(text("WAYSTONE_DATA") ?? resolve(repository, "data"));
  const databaseUrl = text("DATABASE_URL");
  if (databaseUrl !== undefined && !/^postgres(ql)?:\/\//.test(databaseUrl))
    problems.push("DATABASE_URL must begin with postgres://; use SQLITE_PATH for a SQLite file");
  const database: DatabaseSetting =
    databaseUrl === undefined
      ? { kind: "sqlite", path: resolve(text("SQLITE_PATH") ?? resolve(dataDir, "waystone.db")) }
      : { kind: "postgres", url: databaseUrl };

  const serviceToken = text("SERVICE_TOKEN");
  if (serviceToken !== undefined && serviceToken.length < 16)
    problems.push("SERVICE_TOKEN must have 16 characters or more, as in the server's SERVICE_TOKENS");

  const gameHost = text("GAME_HOST") ?? "127.0.0.1";
  if (!hostPattern.test(gameHost)) problems.push("GAME_HOST must be an IPv4 address or a DNS name");

  const newsFile = text("NEWS_FILE");
  const settings: Settings = {
    production,
    host,
    port: listen,
    baseUrl: base.origin,
    secret,
    dataDir,
    database,
    authAddr: text("AUTH_ADDR") ?? "127.0.0.1:50051",
    characterAddr: text("CHARACTER_ADDR") ?? "127.0.0.1:50053",
    serviceToken,
    protoDir: resolve(text("PROTO_DIR") ?? resolve(repository, "proto")),
    gameHost,
    gamePort: port("GAME_PORT", 29000),
    siteName: text("SITE_NAME") ?? "Waystone",
    launcherUrl: url("LAUNCHER_URL"),
    launcherDir: resolve(text("LAUNCHER_DIR") ?? resolve(repository, "bin/launchers")),
    gameStatusUrl:
      text("GAME_STATUS_URL") === "none" ? undefined : url("GAME_STATUS_URL", "http://127.0.0.1:8080/status"),
    newsFile: newsFile && resolve(newsFile),
    mail: mail(text("SMTP_URL"), text("MAIL_FROM"), production, problems),
    zoneNames: zones(text("ZONE_NAMES") ?? defaultZones, problems),
    clientIpHeader: text("CLIENT_IP_HEADER")?.toLowerCase(),
    rateLimit: onOff("RATE_LIMIT", true),
  };
  if (problems.length > 0) throw new SettingsError(problems);
  return settings;
}

function zones(list: string, problems: string[]): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const item of list.split(",")) {
    const match = /^\s*(\d{1,5})\s*=\s*(.+?)\s*$/.exec(item);
    if (match?.[1] === undefined || match[2] === undefined) {
      problems.push("ZONE_NAMES must be a list of number=name, such as 1=Highgate,2=Harbour");
      break;
    }
    names.set(Number(match[1]), match[2]);
  }
  return names;
}

function mail(
  url: string | undefined,
  from: string | undefined,
  production: boolean,
  problems: string[],
): MailSetting {
  if (url === undefined) return { kind: production ? "none" : "log" };
  if (!/^smtps?:\/\//.test(url) || !URL.canParse(url))
    problems.push("SMTP_URL must be smtp://user:password@host:port, or smtps:// for TLS from the start");
  if (from === undefined || !/^[^\r\n]*[^\s@]+@[^\s@]+$/.test(from)) {
    problems.push("MAIL_FROM is needed with SMTP_URL: the sender, such as Waystone <game@example.com>");
    return { kind: "none" };
  }
  return { kind: "smtp", url, from };
}
