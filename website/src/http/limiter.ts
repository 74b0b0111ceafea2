/** Keys that are remembered; beyond that the oldest are forgotten. */
const most = 10_000;

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
    return this.wait(key, max, seconds) === 0;
  }

  /** Counts one more of key and returns 0, or the seconds to wait when that is more than max in so many seconds. */
  wait(key: string, max: number, seconds: number): number {
    if (!this.#enabled) return 0;
    const now = this.#now();
    const entry = this.#counts.get(key);
    if (entry === undefined || entry.until <= now) {
      this.#counts.delete(key);
      this.#forget(now);
      this.#counts.set(key, { count: 1, until: now + seconds * 1000 });
      return 0;
    }
    entry.count += 1;
    return entry.count <= max ? 0 : Math.ceil((entry.until - now) / 1000);
  }

  /** Forgets what was counted of key. */
  clear(key: string): void {
    this.#counts.delete(key);
  }

  #forget(now: number): void {
    if (this.#counts.size < most) return;
    for (const [key, entry] of this.#counts) if (entry.until <= now) this.#counts.delete(key);
    for (const key of this.#counts.keys()) {
      if (this.#counts.size < most) break;
      this.#counts.delete(key);
    }
  }
}
