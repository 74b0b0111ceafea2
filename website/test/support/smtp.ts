import { createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";

/** A mail server that keeps what it gets. */
export interface MailServer {
  url: string;
  /** Waits for the next message to somebody and returns its text. */
  next(to: string): Promise<string>;
}

/** Listens on a free port; it ends with the test. */
export async function startMailServer(t: TestContext): Promise<MailServer> {
  const kept: { to: string; text: string }[] = [];
  const waiting = new Set<() => void>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.write("220 test\r\n");
    let to = "";
    let message: string[] | undefined;
    let rest = "";
    socket.setEncoding("utf8").on("data", (chunk) => {
      const lines = (rest + chunk).split("\r\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (message !== undefined) {
          if (line !== ".") {
            message.push(line);
            continue;
          }
          kept.push({ to, text: message.join("\n").replace(/=\n/g, "").replaceAll("=3D", "=") });
          message = undefined;
          for (const wake of [...waiting]) wake();
        }
        to = /^RCPT TO:<(.*)>/i.exec(line)?.[1] ?? to;
        if (/^DATA/i.test(line)) message = [];
        socket.write(
          /^DATA/i.test(line) ? "354 go on\r\n" : /^QUIT/i.test(line) ? "221 bye\r\n" : "250 ok\r\n",
        );
      }
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the mail server has no port");
  return {
    url: `smtp://127.0.0.1:${address.port}`,
    async next(to) {
      const deadline = AbortSignal.timeout(15_000);
      for (;;) {
        const at = kept.findIndex((m) => m.to === to);
        if (at >= 0) return kept.splice(at, 1)[0]?.text ?? "";
        deadline.throwIfAborted();
        await new Promise<void>((wake) => {
          const once = () => {
            waiting.delete(once);
            deadline.removeEventListener("abort", once);
            wake();
          };
          waiting.add(once);
          deadline.addEventListener("abort", once);
        });
      }
    },
  };
}
