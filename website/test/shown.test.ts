import assert from "node:assert/strict";
import { appendFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { spelling } from "../src/account-rules.ts";
import { GameStatus } from "../src/game/status.ts";
import { playerName } from "../src/http/login.ts";
import { forVisitor, Launchers, systemOf, typeOf } from "../src/launchers.ts";
import { News, newsBlocks } from "../src/news.ts";
import { formFields } from "../src/pages/html.ts";
import { lineProblem, shown } from "../src/text.ts";

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "waystone-shown-"));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

/** Characters that hide or turn what stands beside them. */
const unseen = [
  ["a control character", "\u0007"],
  ["a line break", "\n"],
  ["a right-to-left override", "\u202e"],
  ["an isolate", "\u2067"],
  ["a zero-width space", "\u200b"],
  ["a line separator", "\u2028"],
  ["a blank letter", "\u3164"],
  ["a tag character", "\u{e0041}"],
  ["private use", "\ue000"],
] as const;

for (const [what, character] of unseen)
  test(`refused in a name and not shown: ${what}`, () => {
    assert.match(lineProblem(`a${character}b`, 40) ?? "", /control, direction or invisible/);
    assert.ok(!shown(`a${character}b`).includes(character));
  });

test("a name is counted as a reader sees it", () => {
  assert.equal(lineProblem("Zoë Ñandú 김철수 מרים 🐉", 40), undefined);
  assert.equal(lineProblem("e\u0301".repeat(40), 40), undefined, "letter and accent are one");
  assert.match(lineProblem("x".repeat(41), 40) ?? "", /40 characters at most/);
  assert.match(lineProblem(`x${"\u0301".repeat(9)}`, 40) ?? "", /accents/);
  assert.match(lineProblem("x".repeat(60_000), 40) ?? "", /at most/);
});

test("what rows from elsewhere hold is shown within bounds", () => {
  assert.equal(shown("x".repeat(60_000), 10), `${"x".repeat(10)}…`);
  assert.ok(shown(`x${"\u0301".repeat(1000)}`).length < 10);
  assert.equal(shown("  Zoë \t M. "), "Zoë   M.");
  assert.equal(shown("\u202e"), "");
});

test("the name that is shown is the user name, in its owner's spelling", () => {
  assert.equal(spelling("Ada", "ada"), "Ada");
  assert.equal(spelling("victim", "ada"), "ada");
  assert.equal(playerName({ username: "ada", displayUsername: "victim", name: "victim" }), "ada");
  assert.equal(playerName({ username: null, name: "Zoë\u202e" }), "Zoë");
});

test("fields say what is wrong with them, and the first has the focus", () => {
  const field = formFields({ b: "B is wrong.", c: "C is wrong." }, "x-");
  const [a, b, c] = ["a", "b", "c"].map((name) =>
    String(field({ name, label: name, autocomplete: "off", hint: "help" })),
  );
  assert.doesNotMatch(a ?? "", /aria-invalid|autofocus|problem/);
  assert.match(a ?? "", /aria-describedby="x-a-hint"/);
  assert.match(b ?? "", /aria-describedby="x-b-problem x-b-hint"\s+aria-invalid="true" autofocus/);
  assert.match(b ?? "", /id="x-b-problem">B is wrong\./);
  assert.match(c ?? "", /aria-invalid="true"/);
  assert.doesNotMatch(c ?? "", /autofocus/);
});

test("news are a little Markdown, and nothing else", () => {
  const text =
    "# Open\nThe **harbour** is\nopen: [map](https://a.example/m)\n\n- boats\n- gulls\n\n<script>[x](javascript:y)";
  const markup = String(newsBlocks(text)).replace(/\s+/g, " ");
  assert.match(
    markup,
    /<h3>Open<\/h3><p>The <strong>harbour<\/strong> is open: <a href="https:\/\/a\.example\/m">map<\/a><\/p>/,
  );
  assert.match(markup, /<ul class="plain"><li>boats<\/li><li>gulls<\/li><\/ul>/);
  assert.match(markup, /<p>&lt;script&gt;\[x\]\(javascript:y\)<\/p>/);
});

test("news change with their file, and none is no trouble", async (t) => {
  const file = join(await folder(t), "news.md");
  const news = new News(file);
  assert.equal(await news.read(), undefined);
  await writeFile(file, "# One");
  assert.match(String(await news.read()), /One/);
  await appendFile(file, "\n# Two");
  assert.match(String(await news.read()), /Two/);
});

test("the files of the launchers' folder are offered, and nothing beyond it", async (t) => {
  const path = await folder(t);
  assert.deepEqual(await new Launchers(join(path, "none")).list(), []);
  const launchers = new Launchers(path);
  assert.deepEqual(await launchers.list(), []);
  await writeFile(join(path, "waystone-launcher-windows-amd64.exe"), "abc");
  await writeFile(join(path, ".hidden"), "abc");
  await writeFile(join(path, "a b"), "abc");
  await writeFile(join(path, "empty"), "");
  await mkdir(join(path, "folder"));
  await symlink("/etc/hostname", join(path, "link"));
  const [file, ...more] = await launchers.list();
  assert.deepEqual(more, []);
  assert.deepEqual(file, {
    name: "waystone-launcher-windows-amd64.exe",
    system: "Windows, 64-bit (x86-64)",
    bytes: 3,
    sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  });
  for (const name of ["../x", "link", ".hidden", "folder", ""])
    assert.equal(await launchers.find(name), undefined, name);
  await writeFile(join(path, file?.name ?? ""), "abcd");
  assert.notEqual((await launchers.list())[0]?.sha256, file?.sha256, "a new file has a new checksum");
  assert.equal(systemOf("waystone-launcher-darwin-arm64"), "macOS, 64-bit (ARM)");
  assert.equal(systemOf("waystone-launcher-linux-amd64"), "Linux, 64-bit (x86-64)");
  assert.equal(systemOf("SHA256SUMS"), undefined);
});

test("the launcher for the visitor's system comes first", () => {
  const files = [
    "SHA256SUMS",
    ...["darwin-amd64.tar.gz", "darwin-arm64.tar.gz", "linux-amd64.tar.gz", "linux-arm64.tar.gz"],
    ...["windows-amd64.exe", "windows-arm64.exe"],
  ].map((name) => ({ name, system: systemOf(name), bytes: 1, sha256: "" }));
  for (const [agent, ...own] of [
    ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) Edg/140", "windows-amd64.exe", "windows-arm64.exe"],
    ["Mozilla/5.0 (X11; Linux x86_64) Firefox/140", "linux-amd64.tar.gz", "linux-arm64.tar.gz"],
    ["Mozilla/5.0 (X11; Linux aarch64) Firefox/140", "linux-arm64.tar.gz", "linux-amd64.tar.gz"],
    [
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605",
      "darwin-arm64.tar.gz",
      "darwin-amd64.tar.gz",
    ],
    ["Mozilla/5.0 (Linux; Android 16) Chrome/140"],
    [""],
  ] as const) {
    const found = forVisitor(files, agent);
    assert.deepEqual(
      found.own.map((f) => f.name),
      own,
      agent,
    );
    assert.equal(found.others.length, files.length - own.length, agent);
  }
  assert.deepEqual(["a.exe", "a.tar.gz", "a.zip", "SHA256SUMS", "a"].map(typeOf), [
    "application/vnd.microsoft.portable-executable",
    "application/gzip",
    "application/zip",
    "text/plain; charset=utf-8",
    "application/octet-stream",
  ]);
});

test("the server's status is asked for once in some seconds, and unknown when it is away", async (t) => {
  let answer: object = { uptime_seconds: 1, more: { world: { players: 12 } } };
  let asked = 0;
  const server = createServer((_, reply) => {
    asked += 1;
    reply.end(JSON.stringify(answer));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  let now = 0;
  const status = new GameStatus(`http://127.0.0.1:${address.port}/status`, () => now);
  const both = await Promise.all([status.get(), status.get()]);
  for (const state of both) assert.deepEqual(state, { state: "online", players: 12 });
  assert.equal(asked, 1);
  now = 5000;
  answer = { uptime_seconds: 1 };
  assert.deepEqual(
    await status.get(),
    { state: "online", players: undefined },
    "a process without the world",
  );
  now = 10_000;
  answer = { hello: "I am another program" };
  assert.deepEqual(await status.get(), { state: "unknown" });
  now = 15_000;
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  assert.deepEqual(await status.get(), { state: "unknown" });
});
