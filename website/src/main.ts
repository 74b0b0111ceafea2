import { serve } from "@hono/node-server";
import { createApp } from "./app.ts";
import { createAuth } from "./auth.ts";
import { openDatabase } from "./database.ts";
import { GameServer } from "./game/server.ts";
import { Limiter } from "./http/limiter.ts";
import { readSettings, SettingsError } from "./settings.ts";

/** Starts the website and stops it on a signal. */
async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const database = openDatabase(settings.database);
  const auth = await createAuth(settings, database);
  const game = new GameServer(settings);
  const app = createApp({ settings, auth, game, limiter: new Limiter(settings.rateLimit) });
  const server = serve({ fetch: app.fetch, hostname: settings.host, port: settings.port }, () =>
    console.log(`website: ready at ${settings.baseUrl}`),
  );
  server.on("error", (error) => {
    console.error(`website: ${error.message}`);
    process.exit(1);
  });
  const stop = (): void => {
    server.close(() => {
      game.close();
      void database.close();
    });
    if (!("closeAllConnections" in server)) return;
    server.closeIdleConnections();
    // Answers under way are given some time; connections kept open are not.
    setTimeout(() => server.closeAllConnections(), 2000).unref();
  };
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
