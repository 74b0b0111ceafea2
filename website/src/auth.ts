import { type BetterAuthOptions, betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { admin, bearer, deviceAuthorization, oneTimeToken, username } from "better-auth/plugins";
import type { Database } from "./database.ts";
import { signingSecret } from "./secret.ts";
import type { Settings } from "./settings.ts";

/** Carries the visitor's address to better-auth; what browsers send in it is dropped. */
export const visitorHeader = "x-website-visitor";

/** The one program that may ask for a sign-in by code. */
export const launcherClient = "waystone-launcher";

/** What this site asks of better-auth. */
export function siteOptions(settings: Settings, database: Database) {
  return {
    appName: settings.siteName,
    baseURL: settings.baseUrl,
    secret: signingSecret(settings),
    database: database.handle,
    telemetry: { enabled: false },
    logger: { level: "error" },
    trustedOrigins: [settings.baseUrl],
    emailAndPassword: { enabled: true },
    // The account page lists sessions however long ago the player signed in.
    session: { freshAge: 0 },
    rateLimit: { enabled: settings.rateLimit },
    advanced: { ipAddress: { ipAddressHeaders: [visitorHeader] } },
    plugins: [
      username(),
      admin(),
      bearer(),
      oneTimeToken(),
      deviceAuthorization({
        verificationUri: "/device",
        expiresIn: "10m",
        validateClient: (id) => id === launcherClient,
      }),
    ],
  } satisfies BetterAuthOptions;
}

function build(chosen: ReturnType<typeof siteOptions>) {
  return betterAuth(chosen);
}

/** better-auth with the plugins of this site. */
export type Auth = ReturnType<typeof build>;

/** Adds the tables and columns that are missing, then makes better-auth. */
export async function createAuth(settings: Settings, database: Database): Promise<Auth> {
  const chosen = siteOptions(settings, database);
  const migrations = await getMigrations(chosen);
  await migrations.runMigrations();
  return build(chosen);
}
