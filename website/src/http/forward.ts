import type { Request, Site } from "./context.ts";
import { trustedHeaders } from "./guard.ts";

/** What better-auth answered. */
export type Reply = { ok: true; data: Record<string, unknown> } | Refusal;

/** Why better-auth did not do something. */
export interface Refusal {
  ok: false;
  status: number;
  code: string;
  message: string;
  /** Seconds to wait after too many attempts. */
  wait?: number;
}

/**
 * Passes a form on to better-auth as its own clients would, so that its limits
 * on attempts hold, and hands the cookies that it sets to the browser.
 */
export async function forward(c: Request, site: Site, path: string, body?: object): Promise<Reply> {
  const headers = trustedHeaders(c, site.settings);
  for (const name of ["content-length", "transfer-encoding"]) headers.delete(name);
  headers.set("content-type", "application/json");
  headers.set("origin", site.settings.baseUrl); // sameOrigin has seen to it
  const request = new Request(`${site.settings.baseUrl}/api/auth${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const response = await site.auth.handler(request);
  for (const cookie of response.headers.getSetCookie()) c.header("set-cookie", cookie, { append: true });
  const data = asRecord(await response.json().catch(() => null));
  if (response.ok) return { ok: true, data };
  const words = (name: string) => (typeof data[name] === "string" ? data[name] : "");
  const wait = Number(response.headers.get("x-retry-after") ?? 0);
  return {
    ok: false,
    status: response.status,
    code: words("code") || words("error"),
    message: words("message") || words("error_description"),
    ...(wait > 0 && { wait }),
  };
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
