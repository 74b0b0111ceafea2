import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A line of a program's output and when it came, in milliseconds of performance.now. */
export interface Line {
  text: string;
  at: number;
}

/** A program under test, with what it wrote to both of its outputs. */
export class Program {
  readonly lines: Line[] = [];
  /** Its exit status; 128 when a signal ended it. */
  readonly exit: Promise<number>;
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  #ended = false;

  constructor(command: string, args: readonly string[], env: Record<string, string>) {
    this.#name = `${command} ${args[0] ?? ""}`;
    const { PATH = "", HOME = "" } = process.env;
    this.#child = spawn(command, args, { env: { PATH, HOME, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (text) => {
        this.lines.push({ text, at: performance.now() });
        this.#wake();
      });
    }
    this.exit = new Promise((done, fail) => {
      this.#child.once("error", fail);
      this.#child.once("close", (status) => {
        this.#ended = true;
        this.#wake();
        done(status ?? 128);
      });
    });
  }

  /** Waits for a line, however long ago it came. */
  async line(pattern: RegExp, timeout = 15_000): Promise<Line> {
    const deadline = AbortSignal.timeout(timeout);
    for (;;) {
      const found = this.lines.find((l) => pattern.test(l.text));
      if (found !== undefined) return found;
      if (this.#ended || deadline.aborted) {
        const why = this.#ended ? "ended" : `took longer than ${timeout} ms`;
        throw new Error(`${this.#name} ${why} without ${pattern}:\n${this.#said()}`);
      }
      await new Promise<void>((wake) => {
        const once = () => {
          this.#waiting.delete(once);
          deadline.removeEventListener("abort", once);
          wake();
        };
        this.#waiting.add(once);
        deadline.addEventListener("abort", once);
      });
    }
  }

  /** Asks it to end and waits until it has; one that does not is killed, which is an error. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    let hangs = false;
    const patience = setTimeout(() => {
      hangs = true;
      this.#child.kill("SIGKILL");
    }, 10_000);
    await this.exit;
    clearTimeout(patience);
    if (hangs) throw new Error(`${this.#name} did not end within 10 s:\n${this.#said()}`);
  }

  #said(): string {
    return this.lines.map((l) => l.text).join("\n");
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
