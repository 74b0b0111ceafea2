import { type BetterAuthOptions, betterAuth } from "better-auth";
import { isAPIError } from "better-auth/api";
import { getMigrations } from "better-auth/db/migration";
import { admin, bearer, deviceAuthorization, oneTimeToken, username } from "better-auth/plugins";
import { accountRules, rowHooks } from "./account-rules.ts";
import { attempts } from "./attempts.ts";
import type { Database } from "./database.ts";
import { codeMinutes, deviceOrigin } from "./device-origin.ts";
import { type Mailer, mails, openMailer } from "./mail.ts";
import { signingSecret } from "./secret.ts";
import type { Settings } from "./settings.ts";
import { logLine, shown } from "./text.ts";

/** Carries the visitor's address to better-auth; what browsers send in it is dropped. */
export const visitorHeader = "x-website-visitor";

/** The one program that may ask for a sign-in by code. */
export const launcherClient = "waystone-launcher";

/** Requests from one address; better-auth's own limit of three is less than a person's typing errors. */
const requestLimits = {
  "/sign-in/*": { window: 60, max: 30 },
  "/sign-up/*": { window: 60, max: 10 },
  "/change-password": { window: 60, max: 20 },
  "/change-email": { window: 60, max: 10 },
  "/delete-user": { window: 60, max: 20 },
  "/request-password-reset": { window: 600, max: 5 },
  "/reset-password": { window: 60, max: 20 },
  "/device": { window: 60, max: 20 },
};

type Named = { username?: string | null; displayUsername?: string | null; name: string };
const nameIn = (user: Named) => shown(user.username ?? user.name);

/** What better-auth sends by mail; nothing in production without a mail server. */
function mailOptions(settings: Settings, mailer: Mailer) {
  const write = mails(settings.siteName);
  const on = mailer.kind !== "none";
  return {
    emailAndPassword: {
      enabled: true,
      revokeSessionsOnPasswordReset: true,
      ...(on && {
        sendResetPassword: async ({ user, token }: { user: Named & { email: string }; token: string }) =>
          mailer.send(
            write.reset(user.email, nameIn(user), `${settings.baseUrl}/reset-password?token=${token}`),
          ),
      }),
    },
    ...(on && {
      emailVerification: {
        sendVerificationEmail: async ({ user, url }: { user: Named & { email: string }; url: string }) =>
          mailer.send(write.newAddress(user.email, nameIn(user), url)),
      },
    }),
    user: {
      changeEmail: {
        enabled: on,
        sendChangeEmailConfirmation: async (m: {
          user: Named & { email: string };
          newEmail: string;
          url: string;
        }) => mailer.send(write.oldAddress(m.user.email, nameIn(m.user), m.newEmail, m.url)),
      },
      deleteUser: { enabled: true },
    },
  } satisfies BetterAuthOptions;
}

/** What this site asks of better-auth. */
export function siteOptions(settings: Settings, database: Database, mailer = openMailer(settings)) {
  return {
    appName: settings.siteName,
    baseURL: settings.baseUrl,
    secret: signingSecret(settings),
    database: database.handle,
    telemetry: { enabled: false },
    logger: {
      level: "error",
      log: (_level, message, ...more) => console.error(`website: ${logLine(message)}`, ...more),
    },
    // Refusals, such as a wrong password, are the visitor's and not errors of ours.
    onAPIError: {
      onError(error) {
        if (!isAPIError(error)) console.error("website:", error);
        else if (error.statusCode >= 500) console.error(`website: ${logLine(error.message)}`);
      },
    },
    trustedOrigins: [settings.baseUrl],
    ...mailOptions(settings, mailer),
    // The account page lists sessions however long ago the player signed in.
    session: { freshAge: 0 },
    rateLimit: { enabled: settings.rateLimit, customRules: requestLimits },
    advanced: { ipAddress: { ipAddressHeaders: [visitorHeader] } },
    databaseHooks: rowHooks,
    plugins: [
      attempts(settings.rateLimit),
      accountRules(),
      // A name that can change hands is no name for moderators to go by.
      username({ immutableUsername: true }),
      admin(),
      bearer(),
      oneTimeToken(),
      deviceAuthorization({
        verificationUri: "/device",
        expiresIn: `${codeMinutes}m`,
        validateClient: (id) => id === launcherClient,
      }),
      deviceOrigin(),
    ],
  } satisfies BetterAuthOptions;
}

function build(chosen: ReturnType<typeof siteOptions>) {
  return betterAuth(chosen);
}

/** better-auth with the plugins of this site. */
export type Auth = ReturnType<typeof build>;

/** Adds the tables and columns that are missing. */
export async function migrate(settings: Settings, database: Database, mailer: Mailer): Promise<void> {
  const migrations = await getMigrations(siteOptions(settings, database, mailer));
  await migrations.runMigrations();
}

/** Adds the tables and columns that are missing, then makes better-auth. */
export async function createAuth(settings: Settings, database: Database, mailer: Mailer): Promise<Auth> {
  await migrate(settings, database, mailer);
  return build(siteOptions(settings, database, mailer));
}
