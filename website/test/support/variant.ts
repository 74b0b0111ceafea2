import { serve } from "@hono/node-server";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { twoFactor } from "better-auth/plugins";
import { siteOptions } from "../../src/auth.ts";
import { openDatabase } from "../../src/database.ts";
import { readSettings } from "../../src/settings.ts";

// better-auth as the site has it, with what other sites add: a second factor,
// deleting one's own account, and with WEBSITE_REQUIRE_VERIFIED_EMAIL, the game
// server's setting, verified addresses. It has no pages.

const settings = readSettings(process.env);
const database = openDatabase(settings.database);
const options = siteOptions(settings, database);
const chosen = {
  ...options,
  emailAndPassword: {
    enabled: true,
    requireEmailVerification: process.env.WEBSITE_REQUIRE_VERIFIED_EMAIL === "true",
  },
  user: { deleteUser: { enabled: true } },
  plugins: [...options.plugins, twoFactor({ skipVerificationOnEnable: true })],
};
await (await getMigrations(chosen)).runMigrations();
const auth = betterAuth(chosen);
const server = serve({ fetch: auth.handler, hostname: settings.host, port: settings.port }, () =>
  console.log(`website: ready at ${settings.baseUrl}`),
);
process.once("SIGTERM", () => {
  server.close(() => void database.close());
  if ("closeAllConnections" in server) server.closeAllConnections();
});
