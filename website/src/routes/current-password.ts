import { isAPIError } from "better-auth/api";
import type { Request, Site } from "../http/context.ts";
import type { Refusal } from "../http/forward.ts";
import { trustedHeaders } from "../http/guard.ts";

/** Lets better-auth look at the visitor's password, and returns why it is not taken; undefined when it is. */
export async function passwordRefusal(
  c: Request,
  site: Site,
  password: string,
): Promise<Refusal | undefined> {
  const headers = trustedHeaders(c, site.settings);
  try {
    await site.auth.api.verifyPassword({ body: { password }, headers });
    return undefined;
  } catch (error) {
    if (!isAPIError(error)) throw error;
    const wait = Number(new Headers(error.headers as Record<string, string>).get("x-retry-after") ?? 0);
    return {
      ok: false,
      status: error.statusCode,
      code: error.body?.code ?? "",
      message: error.message,
      ...(wait > 0 && { wait }),
    };
  }
}
