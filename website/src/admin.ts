import { createAuth } from "./auth.ts";
import { openDatabase } from "./database.ts";
import { openMailer } from "./mail.ts";
import { readSettings } from "./settings.ts";

// npm run admin -- NAME: makes an account a moderator. A running website
// notices at the next page.

const name = process.argv[2]?.toLowerCase();
if (name === undefined) {
  console.error("usage: npm run admin -- NAME    (a user name or an e-mail address)");
  process.exit(2);
}
const settings = readSettings(process.env);
const database = openDatabase(settings.database);
try {
  const auth = await createAuth(settings, database, openMailer(settings));
  const { adapter, internalAdapter } = await auth.$context;
  const field = name.includes("@") ? "email" : "username";
  const user = await adapter.findOne<{ id: string; role?: string | null }>({
    model: "user",
    where: [{ field, value: name }],
  });
  if (user === null) {
    console.error(`There is no account ${name}. Sign up on the website first.`);
    process.exitCode = 1;
  } else {
    const roles = new Set((user.role ?? "user").split(",").filter(Boolean));
    await internalAdapter.updateUser(user.id, { role: [...roles.add("admin")].join(",") });
    console.log(`${name} is a moderator now.`);
  }
} finally {
  await database.close();
}
