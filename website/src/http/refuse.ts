import type { ContentfulStatusCode } from "hono/utils/http-status";
import { messagePage } from "../pages/message.ts";
import type { Request, Site } from "./context.ts";
import { frame } from "./frame.ts";

/** Answers that a request was not done: JSON for programs, a page for browsers. */
export function refuse(
  c: Request,
  site: Site,
  status: ContentfulStatusCode,
  error: string,
  message: string,
  title = status < 500 ? "This did not work" : "Something went wrong",
): Response | Promise<Response> {
  if (c.req.path.startsWith("/api/")) return c.json({ error, message }, status);
  return c.html(messagePage(frame(c, site), title, message), status);
}
