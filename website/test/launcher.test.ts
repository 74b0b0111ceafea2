import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { Program } from "./support/program.ts";
import { startStack } from "./support/stack.ts";
import { Visitor } from "./support/visitor.ts";

const binary = resolve(import.meta.dirname, "../../bin/waystone-launcher");

test("the launcher signs in by a code and plays", { timeout: 90_000 }, async (t) => {
  const stack = await startStack(t);
  const folder = await mkdtemp(join(tmpdir(), "waystone-launcher-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = (name: string) => join(folder, name);
  const script = async (name: string, text: string) => {
    await writeFile(file(name), `#!/bin/sh\n${text}\n`);
    await chmod(file(name), 0o700);
  };
  // The game client and the browser are scripts.
  await script("client.sh", `printf '%s\\n' "$@" > ${file("arguments")}`);
  // It shows the site's pages alone, so that what goes wrong is printed.
  await script("xdg-open", `case $1 in */device*) printf '%s' "$1" > ${file("page")};; *) exit 3;; esac`);
  const env = {
    PATH: `${folder}:${process.env.PATH ?? ""}`,
    WAYSTONE_LAUNCHER_CONFIG: file("launcher.conf"),
    WAYSTONE_LAUNCHER_LOG: file("launcher.log"),
  };
  await writeFile(env.WAYSTONE_LAUNCHER_CONFIG, `client = ${file("client.sh")}\ndirectory = ${folder}\n`);
  const said: string[] = [];
  const start = (...args: string[]) => {
    const program = new Program(binary, args, env);
    t.after(() => program.stop());
    return program;
  };
  const ended = async (program: Program, status = 0) => {
    const exit = await program.exit;
    const text = program.lines.map((l) => l.text).join("\n");
    said.push(text);
    assert.equal(exit, status, text);
    return text;
  };
  /** What the client was started with. */
  const started = async (): Promise<string[]> => {
    for (const deadline = AbortSignal.timeout(10_000); ; ) {
      const text = await readFile(file("arguments"), "utf8").catch(() => "");
      if (text.endsWith("\n") && text.split("\n").length === 10) {
        await rm(file("arguments"));
        return text.trimEnd().split("\n");
      }
      if (deadline.aborted) throw new Error(`the client was not started; arguments: ${text}`);
      await new Promise((next) => setImmediate(next));
    }
  };
  const token = async () =>
    (JSON.parse(await readFile(file("launcher.session"), "utf8")) as { token: string }).token;

  const ada = new Visitor(stack.url);
  const password = "three stones";
  await ada.post("/sign-up", { name: "ada", email: "ada@example.com", password, again: password });
  const answer = async (launcher: Program, choice: string) => {
    const code = (await launcher.line(/^ {4}[A-Z0-9]{8}$/)).text.trim();
    assert.equal((await ada.get(`/device?user_code=${code}`)).status, 200);
    assert.equal((await ada.post("/device", { user_code: code, answer: choice })).status, 200);
    return code;
  };

  await t.test("no is no", async () => {
    const launcher = start("login", stack.url);
    await answer(launcher, "deny");
    assert.match(await ended(launcher, 1), /refused on the website/);
    await assert.rejects(stat(file("launcher.session")));
  });

  let kept = "";
  await t.test("login", async () => {
    const launcher = start("login", stack.url);
    const code = await answer(launcher, "approve");
    await ended(launcher);
    assert.equal(await readFile(file("page"), "utf8"), `${stack.url}/device?user_code=${code}`);
    const args = await started();
    const ticket = args.pop() ?? "";
    assert.deepEqual(args, [
      "_server",
      "127.0.0.1",
      "_port",
      String(stack.loginPort),
      "_direct",
      "_userid",
      "ada",
      "_pw",
    ]);
    const port = stack.loginPort;
    await stack.enter(`waystone://play?v=1&host=127.0.0.1&port=${port}&user=ada&ticket=${ticket}`);
    kept = await token();
    assert.doesNotMatch(said.join("\n"), new RegExp(`${kept}|${ticket}`));
    assert.equal((await stat(file("launcher.session"))).mode & 0o777, 0o600);
    assert.match(await (await ada.get("/account")).text(), /Launcher/);
  });

  await t.test("play, with nobody asked", async () => {
    await ended(start("play"));
    assert.equal((await started()).at(-3), "ada");
    assert.equal(await token(), kept);
  });

  await t.test("logout ends the session at the site", async () => {
    await ended(start("logout"));
    await assert.rejects(stat(file("launcher.session")));
    const headers = { authorization: `Bearer ${kept}` };
    assert.equal((await fetch(`${stack.url}/api/play`, { method: "POST", headers })).status, 401);
    assert.match(await ended(start("play"), 1), /waystone-launcher login http/);
    await writeFile(file("launcher.session"), JSON.stringify({ site: stack.url, token: kept }), {
      mode: 0o600,
    });
    assert.match(await ended(start("play"), 1), /not signed in at .* any more/);
  });
});
