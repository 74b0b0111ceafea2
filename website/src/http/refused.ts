import type { Duplex } from "node:stream";
import { RequestError } from "@hono/node-server";

const notUnderstood = "This is not a request that this site understands.";

/** Answers a request that cannot be made sense of, such as one for a host that is none. */
export function refuseRequest(error: unknown): Response {
  if (error instanceof RequestError)
    return new Response(`${notUnderstood}\n`, {
      status: 400,
      headers: { "X-Content-Type-Options": "nosniff" },
    });
  console.error("website:", error);
  return new Response("Something went wrong here. Try again in a moment.\n", { status: 500 });
}

/** What Node's HTTP parser refuses never becomes a request; it is answered here. */
export function refuseConnection(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, text] =
    error.code === "HPE_HEADER_OVERFLOW"
      ? ["431 Request Header Fields Too Large", "The headers of this request are too large."]
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? ["408 Request Timeout", "The request took too long to arrive."]
        : ["400 Bad Request", notUnderstood];
  const body = `${text}\n`;
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `X-Content-Type-Options: nosniff\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
