import { migrate } from "./auth.ts";
import { openDatabase } from "./database.ts";
import { openMailer } from "./mail.ts";
import { readSettings, SettingsError } from "./settings.ts";

// npm run migrate: makes or completes the website's tables and ends. The site
// does the same when it starts; this is for a game server that starts before it.

try {
  const settings = readSettings(process.env);
  const database = openDatabase(settings.database);
  const mailer = openMailer(settings);
  try {
    await migrate(settings, database, mailer);
  } finally {
    await mailer.close();
    await database.close();
  }
} catch (error) {
  const text = error instanceof SettingsError ? error.problems.join("\nwebsite: ") : error;
  console.error("website:", text);
  process.exitCode = 1;
}
