import type { MiddlewareHandler } from "hono";
import type { Env, Site } from "./context.ts";
import { refuse } from "./refuse.ts";

/** Bytes that the body of a request may have. */
export const largestBody = 64 * 1024;

const methods = ["GET", "HEAD", "POST"];
const tooLarge = "This is too large: a request may have 64 KB.";

/** A zero byte, in the ways in which it can be written; PostgreSQL keeps no text with one. */
const zero = /\0|%00|\\u0000/;

/**
 * Reads a request as a whole before anything looks at it, and refuses what
 * nothing of this site takes: other methods, large bodies, zero bytes.
 */
export function wholeRequest(site: Site): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (!methods.includes(c.req.method)) {
      c.header("Allow", methods.join(", "));
      return refuse(c, site, 405, "method_not_allowed", "This site takes GET, HEAD and POST only.");
    }
    if (c.req.url.includes("%00"))
      return refuse(c, site, 400, "bad_request", "The address has a zero byte in it.");
    if (c.req.method !== "POST") return next();
    if (Number(c.req.header("content-length") ?? 0) > largestBody)
      return refuse(c, site, 413, "too_large", tooLarge);
    const { raw } = c.req;
    const chunks: Uint8Array[] = [];
    let size = 0;
    try {
      for await (const chunk of raw.body ?? []) {
        size += chunk.length;
        if (size > largestBody) return refuse(c, site, 413, "too_large", tooLarge);
        chunks.push(chunk);
      }
    } catch {
      return refuse(c, site, 400, "bad_request", "The request ended before its body was complete.");
    }
    const body = Buffer.concat(chunks);
    if (zero.test(body.toString("latin1")))
      return refuse(c, site, 400, "bad_request", "The request has a zero byte in it.");
    c.req.raw = new Request(raw.url, { method: raw.method, headers: raw.headers, body });
    return next();
  };
}
