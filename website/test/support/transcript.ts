/** Prints steps and how long each took. */
export class Transcript {
  readonly #log: (line: string) => void;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  async step<T>(name: string, act: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const result = await act();
    this.#log(`${((performance.now() - began) / 1000).toFixed(2).padStart(6)} s  ${name}`);
    return result;
  }

  say(text: string): void {
    this.#log(`          ${text}`);
  }
}

/** The middle one of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
