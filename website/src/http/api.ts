import type { Request as Incoming, Site } from "./context.ts";
import { trustedHeaders } from "./guard.ts";
import { refuse } from "./refuse.ts";

/** Lets better-auth answer to a program, with a sentence where it would have none. */
export async function answerApi(c: Incoming, site: Site): Promise<Response> {
  if (/^application\/json\b/i.test(c.req.header("content-type") ?? "") && c.req.method === "POST") {
    const text = await c.req.raw.clone().text();
    if (text !== "" && !isObject(text))
      return refuse(c, site, 400, "bad_request", "The body must be a JSON object.");
  }
  const headers = trustedHeaders(c, site.settings);
  const response = await site.auth.handler(new Request(c.req.raw, { headers }));
  if (response.status === 404 && !response.headers.has("content-type"))
    return refuse(c, site, 404, "not_found", "There is nothing at this address.");
  return lists.has(new URL(c.req.url).pathname) && response.ok
    ? withoutTokens(response, headers, site)
    : response;
}

/** Where better-auth lists sessions, each with its token: who has one session would have all. */
const lists = new Set(["/api/auth/list-sessions", "/api/auth/admin/list-user-sessions"]);

/** Leaves out the tokens of all sessions but that of the request. */
async function withoutTokens(response: Response, headers: Headers, site: Site): Promise<Response> {
  const own = await site.auth.api.getSession({ headers, query: { disableRefresh: true } });
  const text = JSON.stringify(await response.json(), (key, value: unknown) =>
    key === "token" && value !== own?.session.token ? undefined : value,
  );
  const kept = new Headers(response.headers);
  kept.delete("content-length");
  return new Response(text, { status: response.status, headers: kept });
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
