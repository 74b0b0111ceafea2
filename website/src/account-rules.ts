import type { BetterAuthOptions, BetterAuthPlugin } from "better-auth";
import { APIError, createAuthMiddleware, getSessionFromCtx } from "better-auth/api";
import { bearer } from "better-auth/plugins";
import { lineProblem } from "./text.ts";

// What an account may hold, whichever way it is written: better-auth's API takes
// more than the site's forms. And what a session alone may not do: with a
// stolen session, an attacker could get permanent access.

/** Characters that the free name of an account may have. */
export const nameLength = 40;
/** Characters that the reason of a ban may have. */
export const reasonLength = 200;
const imageLength = 500;
const emailLength = 254;
const agentLength = 200;

type Fields = Record<string, unknown>;

const refuse = (code: string, message: string) => APIError.from("BAD_REQUEST", { code, message });

function checkLine(value: unknown, what: string, code: string, max: number): void {
  if (typeof value !== "string") throw refuse(code, `${what} must be text.`);
  const problem = lineProblem(value, max);
  if (problem !== undefined) throw refuse(code, `${what} ${problem}.`);
}

/** Refuses what is too long, or would look like something else where it is shown. */
export function checkUser(user: Fields): void {
  const { name, image, banReason, email } = user;
  if (name !== undefined) {
    checkLine(name, "The name", "INVALID_NAME", nameLength);
    if (String(name).trim() === "") throw refuse("INVALID_NAME", "The name cannot be empty.");
  }
  if (typeof email === "string" && email.length > emailLength)
    throw refuse("INVALID_EMAIL", `The e-mail address may have ${emailLength} characters at most.`);
  if (banReason !== undefined && banReason !== null)
    checkLine(banReason, "The reason", "INVALID_BAN_REASON", reasonLength);
  if (image !== undefined && image !== null && image !== "") {
    checkLine(image, "The picture's address", "INVALID_IMAGE", imageLength);
    const text = String(image);
    if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
      throw refuse("INVALID_IMAGE", "The picture must be an http or https address.");
  }
}

/** The user name as its owner writes it, if that is the same name; otherwise the name itself. */
export function spelling(written: unknown, userName: string): string {
  return typeof written === "string" && written.toLowerCase() === userName.toLowerCase() ? written : userName;
}

interface HookContext {
  path?: string | undefined;
  body?: unknown;
  context: {
    session?: { user: Fields } | null;
    internalAdapter: { findUserById(id: string): Promise<unknown> };
  };
}

/** The user name of the account that a change is for; undefined when that cannot be told. */
async function userNameOf(context: HookContext | null): Promise<string | undefined> {
  const body = context?.body as Fields | undefined;
  const user =
    context?.path === "/admin/update-user" && typeof body?.userId === "string"
      ? await context.context.internalAdapter.findUserById(body.userId)
      : context?.context.session?.user;
  const name = (user as Fields | null | undefined)?.username;
  return typeof name === "string" ? name : undefined;
}

/** Checks every row before it is written. */
export const rowHooks = {
  user: {
    create: {
      async before(user) {
        const fields = user as Fields;
        checkUser(fields);
        const { username, displayUsername } = fields;
        if (typeof username === "string")
          return { data: { displayUsername: spelling(displayUsername, username) } };
        return { data: { displayUsername: undefined } };
      },
    },
    update: {
      async before(user, context) {
        const fields = user as Fields;
        checkUser(fields);
        const { username, displayUsername } = fields;
        if (typeof username === "string")
          return { data: { displayUsername: spelling(displayUsername ?? username, username) } };
        if (displayUsername === undefined) return;
        const own = await userNameOf(context as HookContext | null);
        return { data: { displayUsername: own === undefined ? undefined : spelling(displayUsername, own) } };
      },
    },
  },
  session: {
    create: {
      async before(session) {
        const { userAgent } = session as Fields;
        return { data: { userAgent: typeof userAgent === "string" ? userAgent.slice(0, agentLength) : "" } };
      },
    },
  },
} satisfies BetterAuthOptions["databaseHooks"];

const texts = ["name", "username", "displayUsername", "image", "email"];
const writes = new Set(["/sign-up/email", "/update-user", "/admin/create-user", "/admin/update-user"]);

/**
 * Where a session alone could be made lasting, or better-auth would change the
 * address to which a forgotten password's link goes, or delete an account; and the
 * field with the password of the caller. A moderator's take over other accounts,
 * and one names the new account's password "password".
 */
const confirmed: ReadonlyMap<string, string> = new Map([
  ["/change-email", "password"],
  ["/delete-user", "password"],
  ["/device/approve", "password"],
  ["/admin/create-user", "currentPassword"],
  ["/admin/impersonate-user", "currentPassword"],
  ["/admin/remove-user", "currentPassword"],
  ["/admin/set-role", "currentPassword"],
  ["/admin/set-user-password", "currentPassword"],
  ["/admin/update-user", "currentPassword"],
]);

/** Minutes after a sign-in in which a launcher is let in without the password. */
export const freshMinutes = 10;

/** Whether a session is of a sign-in of just now, of the player's own. */
export function isFresh(session: { createdAt: Date | string; impersonatedBy?: string | null | undefined }) {
  const age = Date.now() - new Date(session.createdAt).getTime();
  return !session.impersonatedBy && age < freshMinutes * 60_000;
}

type Context = Parameters<Parameters<typeof createAuthMiddleware>[0]>[0];

const fromBearer = bearer().hooks.before[0]?.handler;

/**
 * Returns the session of a request, by cookie or Bearer token. Better-auth turns
 * the token into a cookie for what follows all hooks, and not for the hooks.
 */
export async function sessionOf(ctx: Context) {
  const turned: unknown = await fromBearer?.({ ...ctx, returnHeaders: false } as Parameters<
    typeof fromBearer
  >[0]);
  const headers = (turned as { context?: { headers?: Headers } } | undefined)?.context?.headers;
  return getSessionFromCtx(headers === undefined ? ctx : { ...ctx, headers });
}

/** Whether a request shows, or has to show, the password of the account whose session it comes in. */
export function showsPassword(path: string | undefined, body: unknown): boolean {
  const field = confirmed.get(path ?? "");
  return field !== undefined && (path !== "/device/approve" || !!(body as Fields | undefined)?.[field]);
}

/** Looks at requests before better-auth does. */
export function accountRules() {
  return {
    id: "account-rules",
    hooks: {
      before: [
        {
          matcher: ({ path }) => path !== undefined && writes.has(path),
          handler: createAuthMiddleware(async (ctx) => {
            const body = (ctx.body ?? {}) as Fields;
            for (const fields of [body, (body.data ?? {}) as Fields])
              for (const name of texts) {
                const value = fields[name];
                if (value !== undefined && value !== null && typeof value !== "string")
                  throw refuse("INVALID_BODY", `${name} must be text.`);
              }
          }),
        },
        {
          matcher: ({ path }) => path !== undefined && confirmed.has(path),
          handler: createAuthMiddleware(async (ctx) => {
            const session = await sessionOf(ctx);
            if (session === null)
              throw new APIError("UNAUTHORIZED", { code: "UNAUTHORIZED", message: "Unauthorized" });
            const field = confirmed.get(ctx.path) ?? "password";
            const password = ((ctx.body ?? {}) as Fields)[field];
            if (typeof password !== "string" || password === "") {
              // A new sign-in has just proved the password.
              if (!showsPassword(ctx.path, ctx.body) && isFresh(session.session)) return;
              throw refuse("PASSWORD_REQUIRED", `This needs your own password, as the field ${field}.`);
            }
            const account = await ctx.context.internalAdapter.findCredentialAccount(session.user.id);
            const hash = account?.password;
            if (!hash || !(await ctx.context.password.verify({ hash, password })))
              throw refuse("INVALID_PASSWORD", "Invalid password");
          }),
        },
      ],
    },
  } satisfies BetterAuthPlugin;
}
