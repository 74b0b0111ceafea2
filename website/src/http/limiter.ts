/**
 * Counts how often something is done, for what better-auth's own limits do not
 * cover. It knows this process alone.
 */
export class Limiter {
  readonly #counts = new Map<string, { count: number; until: number }>();
  readonly #enabled: boolean;
  readonly #now: () => number;

  constructor(enabled: boolean, now: () => number = Date.now) {
    this.#enabled = enabled;
    this.#now = now;
  }

  /** Counts one more of key and says whether that is within max in so many seconds. */
  allow(key: string, max: number, seconds: number): boolean {
    if (!this.#enabled) return true;
    const now = this.#now();
    const entry = this.#counts.get(key);
    if (entry === undefined || entry.until <= now) {
      this.#forget(now);
      this.#counts.set(key, { count: 1, until: now + seconds * 1000 });
      return true;
    }
    entry.count += 1;
    return entry.count <= max;
  }

  #forget(now: number): void {
    if (this.#counts.size < 10_000) return;
    for (const [key, entry] of this.#counts) if (entry.until <= now) this.#counts.delete(key);
  }
}
