import { isFresh, spelling } from "../account-rules.ts";
import type { Auth } from "../auth.ts";
import { shown } from "../text.ts";

/** The visitor's session and account. */
export interface Login {
  sessionId: string;
  /** Secret: it is enough to act as the player. */
  token: string;
  userId: string;
  userName: string;
  email: string;
  isAdmin: boolean;
  /** Whether the sign-in was just now. */
  isFresh: boolean;
}

/**
 * Finds out who makes a request, by cookie or Bearer token. cookies are to be
 * sent back: a session in use is prolonged.
 */
export async function readLogin(
  auth: Auth,
  headers: Headers,
): Promise<{ login: Login | undefined; cookies: string[] }> {
  const found = await auth.api.getSession({ headers, returnHeaders: true });
  const cookies = found.headers?.getSetCookie() ?? [];
  const reply = found.response;
  // better-auth looks at a ban when a session begins, not when it is used.
  if (reply === null || isBanned(reply.user)) return { login: undefined, cookies };
  const { session, user } = reply;
  return {
    cookies,
    login: {
      sessionId: session.id,
      token: session.token,
      userId: user.id,
      userName: playerName(user),
      email: user.email,
      isAdmin: (user.role ?? "").split(",").includes("admin"),
      isFresh: isFresh(session),
    },
  };
}

/**
 * Returns the name to show for an account: the user name, as its owner spells
 * it. The other names are free, so that anybody can take another's.
 */
export function playerName(user: {
  username?: string | null | undefined;
  displayUsername?: string | null | undefined;
  name: string;
}): string {
  return user.username ? spelling(user.displayUsername, user.username) : shown(user.name);
}

/** Says whether a ban is in force. A ban that is over stays in the row until the next sign-in. */
export function isBanned(user: {
  banned?: boolean | null | undefined;
  banExpires?: Date | string | null | undefined;
}): boolean {
  if (!user.banned) return false;
  return !user.banExpires || new Date(user.banExpires).getTime() > Date.now();
}
