import { setTimeout } from "node:timers/promises";

/**
 * Asks until the answer is the one wanted, and returns the milliseconds that
 * took; it fails after a second, which is what the game server promises.
 */
export async function soon<T>(wanted: T, ask: () => Promise<T>): Promise<number> {
  const began = performance.now();
  for (;;) {
    const got = await ask();
    const took = performance.now() - began;
    if (got === wanted) return took;
    if (took > 1000) throw new Error(`after ${took.toFixed(0)} ms it is still ${got}, not ${wanted}`);
    await setTimeout(5);
  }
}
