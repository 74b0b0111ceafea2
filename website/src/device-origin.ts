import type { BetterAuthPlugin } from "better-auth";
import { createAuthMiddleware, getIP } from "better-auth/api";
import type { Auth } from "./auth.ts";

/** From where and when a launcher asked for its code. */
export interface Origin {
  address: string;
  userAgent: string;
  /** ISO 8601. */
  askedAt: string;
}

/** How long a code is good, in minutes. */
export const codeMinutes = 10;

const identifier = (code: string) => `device-origin:${code.replace(/[^a-zA-Z0-9]/g, "").toUpperCase()}`;

/**
 * Keeps beside every code that a launcher asks for where the request came from,
 * so that the page which approves it can say so. It is one of better-auth's
 * verification values, which end by themselves.
 */
export function deviceOrigin() {
  return {
    id: "device-origin",
    hooks: {
      after: [
        {
          matcher: ({ path }) => path === "/device/code",
          handler: createAuthMiddleware(async (ctx) => {
            const reply = ctx.context.returned;
            if (typeof reply !== "object" || reply === null || !("user_code" in reply)) return;
            const origin: Origin = {
              address: (ctx.headers && getIP(ctx.headers, ctx.context.options)) ?? "",
              userAgent: (ctx.headers?.get("user-agent") ?? "").slice(0, 200),
              askedAt: new Date().toISOString(),
            };
            await ctx.context.internalAdapter.createVerificationValue({
              identifier: identifier(String(reply.user_code)),
              value: JSON.stringify(origin),
              expiresAt: new Date(Date.now() + codeMinutes * 60_000),
            });
          }),
        },
      ],
    },
  } satisfies BetterAuthPlugin;
}

/** Returns from where a code was asked for; undefined when that is not known. */
export async function originOf(auth: Auth, code: string): Promise<Origin | undefined> {
  const { internalAdapter } = await auth.$context;
  const kept = await internalAdapter.findVerificationValue(identifier(code));
  return kept ? (JSON.parse(kept.value) as Origin) : undefined;
}
