import { logLine } from "../text.ts";

/** What the first page says about the game server. */
export type GameState = { state: "online"; players: number | undefined } | { state: "unknown" };

const fresh = 5000; // milliseconds for which an answer is good
const longest = 256 * 1024; // bytes of an answer
const patience = 1000; // milliseconds to wait for one

/** Asks the game server's /status, once for all visitors of some seconds. */
export class GameStatus {
  readonly #url: string;
  readonly #now: () => number;
  #asked = Number.NEGATIVE_INFINITY;
  #answer: Promise<GameState> = Promise.resolve({ state: "unknown" });
  #away = false;

  constructor(url: string, now: () => number = Date.now) {
    this.#url = url;
    this.#now = now;
  }

  /** Returns the state as it was at most some seconds ago. It never fails. */
  get(): Promise<GameState> {
    if (this.#now() - this.#asked >= fresh) {
      this.#asked = this.#now();
      this.#answer = this.#ask();
    }
    return this.#answer;
  }

  async #ask(): Promise<GameState> {
    try {
      const response = await fetch(this.#url, { redirect: "error", signal: AbortSignal.timeout(patience) });
      if (!response.ok) throw new Error(`status ${response.status}`);
      const state = readState(JSON.parse(await beginning(response)));
      this.#away = false;
      return state;
    } catch (error) {
      // Once for every time that it goes away, not for every look.
      if (!this.#away) console.warn(`website: ${this.#url} tells no state: ${reason(error)}`);
      this.#away = true;
      return { state: "unknown" };
    }
  }
}

function reason(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return logLine(cause instanceof Error ? cause.message || cause.name : String(cause));
}

/** Reads a page of a length that ours has; the connection of a longer one is given up. */
async function beginning(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > longest) throw new Error(`it is longer than ${longest} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Reads the page; a process without the world part tells no players. */
function readState(page: unknown): GameState {
  if (typeof page !== "object" || page === null || !("uptime_seconds" in page))
    throw new Error("it is not the status of a game server");
  const more = at(page, "more");
  const players = at(at(more, "world"), "players");
  return {
    state: "online",
    players: Number.isSafeInteger(players) && Number(players) >= 0 ? Number(players) : undefined,
  };
}

function at(from: unknown, name: string): unknown {
  return typeof from === "object" && from !== null ? (from as Record<string, unknown>)[name] : undefined;
}
