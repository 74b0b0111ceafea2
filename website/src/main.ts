import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { createApp } from "./app.ts";
import { createAuth } from "./auth.ts";
import { openDatabase } from "./database.ts";
import { GameServer } from "./game/server.ts";
import { GameStatus } from "./game/status.ts";
import { Limiter } from "./http/limiter.ts";
import { refuseConnection, refuseRequest } from "./http/refused.ts";
import { Launchers } from "./launchers.ts";
import { openMailer } from "./mail.ts";
import { News } from "./news.ts";
import { readSettings, SettingsError } from "./settings.ts";

/** Starts the website and stops it on a signal. */
async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const database = openDatabase(settings.database);
  const mailer = openMailer(settings);
  const auth = await createAuth(settings, database, mailer);
  const game = new GameServer(settings);
  const app = createApp({
    settings,
    auth,
    game,
    status: settings.gameStatusUrl === undefined ? undefined : new GameStatus(settings.gameStatusUrl),
    news: settings.newsFile === undefined ? undefined : new News(settings.newsFile),
    launchers: new Launchers(settings.launcherDir),
    mail: mailer.kind,
    limiter: new Limiter(settings.rateLimit),
  });
  const answer = getRequestListener(app.fetch, { hostname: settings.host, errorHandler: refuseRequest });
  const server = createServer(answer);
  server.on("clientError", refuseConnection);
  server.on("error", (error) => {
    console.error(`website: ${error.message}`);
    process.exit(1);
  });
  const stop = (): void => {
    server.close(async () => {
      game.close();
      await mailer.close();
      await database.close();
    });
    server.closeIdleConnections();
    // Answers under way are given some time; connections kept open are not.
    setTimeout(() => server.closeAllConnections(), 2000).unref();
  };
  server.listen(settings.port, settings.host, () => console.log(`website: ready at ${settings.baseUrl}`));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
}

try {
  await main();
} catch (error) {
  const text = error instanceof SettingsError ? error.problems.join("\nwebsite: ") : error;
  console.error("website:", text);
  process.exitCode = 1;
}
