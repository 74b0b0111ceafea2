import { getConnInfo } from "@hono/node-server/conninfo";
import { getIP } from "better-auth/api";
import type { MiddlewareHandler } from "hono";
import { visitorHeader } from "../auth.ts";
import type { Settings } from "../settings.ts";
import type { Env, Request, Site } from "./context.ts";

/** Headers that keep a page from loading, sending or being framed by anything foreign. */
export function securityHeaders(settings: Settings): MiddlewareHandler<Env> {
  const headers: Record<string, string> = {
    "Content-Security-Policy":
      "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    // Not no-referrer: browsers would then hide the origin of our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
  };
  if (settings.baseUrl.startsWith("https:")) headers["Strict-Transport-Security"] = "max-age=31536000";
  return async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(headers)) c.header(name, value);
    if (!c.res.headers.has("Cache-Control")) c.header("Cache-Control", "no-store");
  };
}

/**
 * Refuses what another site makes a browser send. What has an Authorization
 * header, which a foreign page cannot set, or neither cookie nor origin is no
 * such.
 */
export function sameOrigin(settings: Settings): MiddlewareHandler<Env> {
  return async (c, next) => {
    const { method } = c.req;
    if (method === "GET" || method === "HEAD" || c.req.header("authorization") !== undefined) return next();
    const origin = c.req.header("origin");
    const own =
      origin === undefined
        ? c.req.header("cookie") === undefined || c.req.header("sec-fetch-site") === "same-origin"
        : origin === settings.baseUrl;
    if (own) return next();
    return c.text(`This request did not come from a page of ${settings.baseUrl}.`, 403);
  };
}

/** Returns the request's headers with the visitor's address in the one that better-auth reads. */
export function trustedHeaders(c: Request, settings: Settings): Headers {
  const headers = new Headers(c.req.raw.headers);
  headers.delete(visitorHeader);
  const told = settings.clientIpHeader && headers.get(settings.clientIpHeader);
  // A proxy adds what it saw at the end; what stands before was sent to it.
  const address = told ? told.split(",").at(-1)?.trim() : getConnInfo(c).remote.address;
  if (address) headers.set(visitorHeader, address);
  return headers;
}

/** Returns the visitor's address as better-auth writes it down. */
export function visitorAddress(c: Request, site: Site): string {
  return getIP(trustedHeaders(c, site.settings), site.auth.options) ?? "";
}
