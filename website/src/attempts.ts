import type { BetterAuthPlugin } from "better-auth";
import { APIError, createAuthMiddleware, getIP } from "better-auth/api";
import { sessionOf, showsPassword } from "./account-rules.ts";
import { Limiter } from "./http/limiter.ts";
import { duration } from "./pages/times.ts";

// Wrong passwords are counted against the account that they are for. Better-auth
// counts requests by address alone, right passwords as well.

/** Wrong passwords for one account from one address, and in how many seconds. */
export const fromOneAddress = { tries: 10, seconds: 300 } as const;
/** Wrong passwords for one account from everywhere. */
export const fromEverywhere = { tries: 100, seconds: 900 } as const;

const signIns = new Set(["/sign-in/email", "/sign-in/username"]);
const others = new Set(["/change-password", "/verify-password"]);
const asks = (path: string | undefined, body: unknown) =>
  path !== undefined && (signIns.has(path) || others.has(path) || showsPassword(path, body));

type Context = Parameters<Parameters<typeof createAuthMiddleware>[0]>[0];

/** Whose password is shown: the id of an account, or the name of none. */
async function whose(ctx: Context): Promise<string | undefined> {
  if (!signIns.has(ctx.path)) return (await sessionOf(ctx))?.user.id;
  const body = (ctx.body ?? {}) as Record<string, unknown>;
  const field = ctx.path === "/sign-in/email" ? "email" : "username";
  const name = body[field];
  if (typeof name !== "string") return undefined;
  const value = name.toLowerCase().slice(0, 254);
  const user = await ctx.context.adapter.findOne<{ id: string }>({
    model: "user",
    where: [{ field, value }],
    select: ["id"],
  });
  return user?.id ?? `no account ${value}`;
}

/** Whether somebody is signed in to the account from this address. */
async function isKnown(ctx: Context, userId: string, address: string): Promise<boolean> {
  const found = await ctx.context.adapter.findOne({
    model: "session",
    where: [
      { field: "userId", value: userId },
      { field: "ipAddress", value: address },
    ],
  });
  return found !== null;
}

/** Slows down the guessing of passwords, without locking the owner out. */
export function attempts(enabled: boolean) {
  const limiter = new Limiter(enabled);
  const keys = (account: string, address: string) => ({ near: `${account} ${address}`, all: account });
  const addressOf = (ctx: Context) =>
    (ctx.headers && getIP(ctx.headers, ctx.context.options)) || "an unknown address";
  return {
    id: "attempts",
    hooks: {
      before: [
        {
          matcher: ({ path, body }) => enabled && asks(path, body),
          handler: createAuthMiddleware(async (ctx) => {
            const account = await whose(ctx);
            if (account === undefined) return;
            const address = addressOf(ctx);
            const { near, all } = keys(account, address);
            // Counted before the password is looked at, so that guesses sent at once count.
            let wait = limiter.wait(near, fromOneAddress.tries, fromOneAddress.seconds);
            if (wait === 0) {
              wait = limiter.wait(all, fromEverywhere.tries, fromEverywhere.seconds);
              if (wait > 0 && (await isKnown(ctx, account, address))) wait = 0;
            }
            if (wait === 0) return;
            throw new APIError(
              "TOO_MANY_REQUESTS",
              {
                code: "TOO_MANY_ATTEMPTS",
                message: `Too many attempts. Wait ${duration(wait)} and try again.`,
              },
              { "X-Retry-After": String(wait) },
            );
          }),
        },
      ],
      after: [
        {
          matcher: ({ path, body }) => enabled && asks(path, body),
          handler: createAuthMiddleware(async (ctx) => {
            if (ctx.context.returned instanceof Error) return;
            const user = ctx.context.newSession?.user ?? ctx.context.session?.user;
            if (user === undefined) return;
            const { near, all } = keys(user.id, addressOf(ctx));
            limiter.clear(near);
            limiter.clear(all);
          }),
        },
      ],
    },
  } satisfies BetterAuthPlugin;
}
