import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { systemName } from "./pages/agent.ts";

/** A file that the download page offers. */
export interface LauncherFile {
  name: string;
  /** "Windows, 64-bit"; undefined when the name does not tell. */
  system: string | undefined;
  bytes: number;
  /** In hexadecimal. */
  sha256: string;
}

/** Files that are offered at most. */
const most = 50;

const systems: ReadonlyArray<readonly [RegExp, string]> = [
  [/windows|\.exe$/i, "Windows"],
  [/darwin|macos/i, "macOS"],
  [/linux/i, "Linux"],
];
const machines: ReadonlyArray<readonly [RegExp, string]> = [
  [/amd64|x86_64|x64/i, "64-bit (x86-64)"],
  [/arm64|aarch64/i, "64-bit (ARM)"],
  [/386|i686|x86/i, "32-bit (x86)"],
];

/** Names the system that a launcher is for, out of its file's name. */
export function systemOf(file: string): string | undefined {
  const find = (list: typeof systems) => list.find(([known]) => known.test(file))?.[1];
  const system = find(systems);
  return system && [system, find(machines)].filter(Boolean).join(", ");
}

/** The content type of a file, out of its name. */
export function typeOf(file: string): string {
  if (/\.exe$/i.test(file)) return "application/vnd.microsoft.portable-executable";
  if (/\.(tar\.gz|tgz)$/i.test(file)) return "application/gzip";
  if (/\.zip$/i.test(file)) return "application/zip";
  return file === "SHA256SUMS" ? "text/plain; charset=utf-8" : "application/octet-stream";
}

/** The launchers for a visitor, by what the browser says of itself, and the others. */
export function forVisitor(
  files: LauncherFile[],
  userAgent: string,
): { own: LauncherFile[]; others: LauncherFile[] } {
  const system = systemName(userAgent);
  // Browsers on a Mac call every one an Intel; those with a chip of Apple's are more.
  const machine = /aarch64|arm64/i.test(userAgent) || system === "macOS" ? "(ARM)" : "(x86-64)";
  const own = files.filter((f) => system !== undefined && f.system?.startsWith(system));
  own.sort((a, b) => Number(b.system?.endsWith(machine)) - Number(a.system?.endsWith(machine)));
  return { own, others: files.filter((f) => !own.includes(f)) };
}

/** The launchers in a folder. A checksum is worked out once for each file as it is. */
export class Launchers {
  readonly #folder: string;
  readonly #sums = new Map<string, { state: string; sum: Promise<string> }>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Lists the files of the folder; none when there is no such folder. */
  async list(): Promise<LauncherFile[]> {
    const names = await readdir(this.#folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
      throw error;
    });
    const safe = names.filter((name) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)).sort();
    const found = await Promise.all(safe.slice(0, most).map((name) => this.#look(name)));
    return found.filter((file) => file !== undefined);
  }

  /** Finds one of them; any other name is none. */
  async find(name: string): Promise<{ file: LauncherFile; path: string } | undefined> {
    const file = (await this.list()).find((f) => f.name === name);
    return file && { file, path: join(this.#folder, file.name) };
  }

  async #look(name: string): Promise<LauncherFile | undefined> {
    const path = join(this.#folder, name);
    // A link could lead out of the folder.
    const stat = await lstat(path).catch(() => undefined);
    if (stat === undefined || !stat.isFile() || stat.size === 0) return undefined;
    const state = `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
    let known = this.#sums.get(name);
    if (known?.state !== state) {
      known = { state, sum: sha256(path) };
      this.#sums.set(name, known);
    }
    try {
      return { name, system: systemOf(name), bytes: stat.size, sha256: await known.sum };
    } catch (error) {
      this.#sums.delete(name);
      throw error;
    }
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
