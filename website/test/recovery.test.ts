import assert from "node:assert/strict";
import { test } from "node:test";
import { callSite, signIn, signUp } from "./support/member.ts";
import { startSite } from "./support/site.ts";
import { startMailServer } from "./support/smtp.ts";
import { Visitor } from "./support/visitor.ts";

const password = "three stones and a lantern";
const second = "four stones and a lantern";

const linkIn = (text: string) => /https?:\/\/\S+/.exec(text)?.[0] ?? assert.fail(`no link in ${text}`);
const pathOf = (link: string) => new URL(link).pathname + new URL(link).search;

test("a forgotten password is changed by a link in a message", async (t) => {
  const mail = await startMailServer(t);
  const site = await startSite(t, { SMTP_URL: mail.url, MAIL_FROM: "Waystone <game@example.com>" });
  const ada = await signUp(site.url, "ada", password);
  const visitor = new Visitor(site.url);

  const asked = await visitor.post("/forgot-password", { email: "ada@example.com" });
  assert.equal(asked.status, 200);
  const unknown = await visitor.post("/forgot-password", { email: "nobody@example.com" });
  assert.equal(
    (await unknown.text()).replace("nobody@", "ada@"),
    await asked.text(),
    "the page does not tell who has an account",
  );
  const text = await mail.next("ada@example.com");
  assert.match(text, /^From: Waystone <game@example\.com>$/m);
  const link = linkIn(text);
  assert.ok(link.startsWith(`${site.url}/reset-password?token=`));

  assert.equal((await visitor.get(pathOf(link))).status, 200);
  const token = new URL(link).searchParams.get("token") ?? "";
  const set = (again: string, given = token) =>
    visitor.post("/reset-password", { token: given, password: second, again });
  const differ = await set("something else");
  assert.equal(differ.status, 422);
  assert.match(await differ.text(), /id="again-problem">The two passwords are different\./);
  assert.match(await (await set(second, "no-such-token")).text(), /This link is too old or was used already/);
  assert.equal((await set(second)).headers.get("location"), "/sign-in?done=password-reset");
  assert.match(await (await set(second)).text(), /was used already/, "a link is good once");

  const { data } = await callSite(site.url, "/get-session", { cookie: ada.cookie });
  assert.equal(data, null, "every session has ended");
  await signIn(site.url, "ada", second);
});

test("without a mail server the link is in the log, and the page says so", async (t) => {
  const site = await startSite(t);
  await signUp(site.url, "ada", password);
  const visitor = new Visitor(site.url);
  assert.match(await (await visitor.get("/forgot-password")).text(), /written to the\s+website's log/);
  await visitor.post("/forgot-password", { email: "ada@example.com" });
  await site.program.line(/To ada@example\.com, Waystone: choose a new password: http\S+token=/);
});

test("in production without a mail server no link is made", async (t) => {
  const site = await startSite(t, {
    NODE_ENV: "production",
    BASE_URL: "http://127.0.0.1",
    BETTER_AUTH_SECRET: "a secret of the tests that has 32 characters or more",
  });
  const page = await (await new Visitor(site.url).get("/forgot-password")).text();
  assert.match(page, /does not send e-mail/);
  assert.doesNotMatch(page, /name="email"/);
});

test("an e-mail address changes when its link is opened, and needs the password", async (t) => {
  const mail = await startMailServer(t);
  const site = await startSite(t, { SMTP_URL: mail.url, MAIL_FROM: "game@example.com" });
  const visitor = new Visitor(site.url);
  await visitor.post("/sign-up", { name: "ada", email: "ada@example.com", password, again: password });
  const change = (current: string, email = "new@example.com") =>
    visitor.post("/account/email", { email, current });

  const wrong = await change("wrong wrong");
  assert.equal(wrong.status, 422);
  const page = await wrong.text();
  assert.match(page, /id="email-current-problem">The current password is wrong\./);
  assert.match(page, /value="new@example\.com"/, "what was entered is kept");
  assert.match(
    await (await change(password, "nonsense")).text(),
    /id="email-email-problem">This is not an e-mail/,
  );

  assert.equal((await change(password)).headers.get("location"), "/account?done=email-asked");
  assert.match(
    await (await visitor.get("/account")).text(),
    /ada@example\.com/,
    "not before the link is opened",
  );
  const link = linkIn(await mail.next("new@example.com"));
  assert.equal((await visitor.get(pathOf(link))).headers.get("location"), "/account?done=email");
  assert.match(await (await visitor.get("/account")).text(), /new@example\.com/);
});

test("an account is deleted with its password", async (t) => {
  const site = await startSite(t);
  const visitor = new Visitor(site.url);
  await visitor.post("/sign-up", { name: "ada", email: "ada@example.com", password, again: password });
  assert.match(await (await visitor.get("/account/delete")).text(), /Your characters go with it/);
  const refused = await visitor.post("/account/delete", { password: "wrong wrong" });
  assert.equal(refused.status, 422);
  assert.match(await refused.text(), /id="password-problem">The current password is wrong\./);
  assert.equal(
    (await visitor.post("/account/delete", { password })).headers.get("location"),
    "/?done=deleted",
  );
  const back = await callSite(site.url, "/sign-in/username", {}, { username: "ada", password });
  assert.equal(back.status, 401);
});

test("a session alone changes no address and deletes no account", async (t) => {
  const site = await startSite(t);
  const ada = await signUp(site.url, "ada", password);
  for (const [path, body] of [
    ["/change-email", { newEmail: "thief@example.com" }],
    ["/delete-user", {}],
  ] as const) {
    const without = await callSite(site.url, path, { cookie: ada.cookie }, body);
    assert.deepEqual([without.status, without.data?.code], [400, "PASSWORD_REQUIRED"], path);
    const wrong = await callSite(
      site.url,
      path,
      { cookie: ada.cookie },
      { ...body, password: "wrong wrong" },
    );
    assert.deepEqual([wrong.status, wrong.data?.code], [400, "INVALID_PASSWORD"], path);
  }
  assert.ok(!site.program.lines.some((l) => l.text.includes("thief")), "no link was made");
  await signIn(site.url, "ada", password);
});
