import assert from "node:assert/strict";
import { test } from "node:test";
import { fromOneAddress } from "../src/attempts.ts";
import { startStack } from "./support/stack.ts";
import { Visitor } from "./support/visitor.ts";

const password = "three stones";
const account = { name: "ada", email: "ada@example.com", password, again: password };

test("what browsers and programs may send", async (t) => {
  const stack = await startStack(t, { RATE_LIMIT: "on" });
  const ada = new Visitor(stack.url);
  assert.equal(
    (await ada.post("/sign-up", { ...account, next: "//evil.example" })).headers.get("location"),
    "/account",
  );

  await t.test("pages allow no scripts, frames or foreign things", async () => {
    const page = await ada.get("/account");
    const policy = page.headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /script-src|unsafe/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.equal(page.headers.get("cache-control"), "no-store");
    assert.doesNotMatch(await page.text(), /<script|style="|onclick/);
  });

  await t.test("the session's cookie is out of reach for scripts and other sites", async () => {
    const other = { ...account, name: "bob", email: "bob@example.com" };
    const cookie = (await new Visitor(stack.url).post("/sign-up", other)).headers.getSetCookie().join();
    assert.match(cookie, /HttpOnly/);
    assert.match(cookie, /SameSite=Lax/);
  });

  await t.test("another site's form is refused", async () => {
    for (const path of [
      "/play",
      "/api/play",
      "/sign-out",
      "/account/password",
      "/account/game-password",
      "/sign-in",
    ]) {
      const response = await fetch(stack.url + path, {
        method: "POST",
        headers: { origin: "https://evil.example", "content-type": "application/x-www-form-urlencoded" },
      });
      assert.equal(response.status, 403, path);
    }
  });

  await t.test("a program without a session is told so in JSON", async () => {
    for (const headers of [{}, { authorization: "Bearer nobody" }]) {
      const response = await fetch(`${stack.url}/api/play`, { method: "POST", headers });
      assert.equal(response.status, 401);
      assert.equal(((await response.json()) as { error: string }).error, "signed_out");
    }
  });

  await t.test("moderation is for moderators", async () => {
    assert.equal((await ada.get("/admin")).status, 403);
    assert.equal((await ada.post("/admin/ban", { id: "x" })).status, 403);
    assert.match((await new Visitor(stack.url).get("/admin")).headers.get("location") ?? "", /^\/sign-in/);
  });

  await t.test("a game password is refused in words", async () => {
    const set = async (fields: Record<string, string>) => {
      const response = await ada.post("/account/game-password", fields);
      assert.equal(response.status, 422);
      return response.text();
    };
    const same = { "new-password": password, again: password };
    assert.match(await set({ ...same, current: password }), /This is your website password/);
    for (const fields of [same, { ...same, remove: "yes" }])
      assert.match(await set(fields), /current-problem">Enter your current password/);
    for (const fields of [{ "new-password": "a mossy mile", again: "a mossy mile" }, { remove: "yes" }])
      assert.match(
        await set({ ...fields, current: "wrong wrong" }),
        /current-problem">The current password is wrong\./,
      );
  });

  await t.test("typing errors lock nobody out, guessing is slowed down", async () => {
    const enter = async (given: string) =>
      (await new Visitor(stack.url).post("/sign-in", { name: "ada", password: given })).text();
    const rounds = fromOneAddress.tries;
    assert.doesNotMatch(await enter(password), /Too many/, "the errors of before are set back");
    for (let i = 1; i < rounds; i++) assert.match(await enter("wrong wrong"), /is wrong/, `error ${i}`);
    assert.doesNotMatch(await enter(password), /Too many/, "the right password is taken");
    for (let i = 1; i <= rounds; i++) assert.match(await enter("wrong wrong"), /is wrong/, `guess ${i}`);
    assert.match(await enter("wrong wrong"), /Too many attempts\. Wait \d minutes/);
  });
});
