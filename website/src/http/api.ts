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
  return response;
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
