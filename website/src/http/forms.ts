import type { Request } from "./context.ts";

/** Fields of a form. */
export type Fields = (name: string) => string;

/** Reads a form. A field that is absent, or a file, is empty. */
export async function readForm(c: Request): Promise<Fields> {
  const body = await c.req.parseBody();
  return (name) => {
    const value = body[name];
    return typeof value === "string" ? value : "";
  };
}

/**
 * Returns where to go after the sign-in: a path of this site, never another
 * site's address.
 */
export function localPath(wanted: string | undefined, fallback: string): string {
  if (wanted === undefined || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(wanted)) return fallback;
  return wanted;
}

/** Says what is wrong with a new game password, in bytes as the client counts. */
export function gamePasswordProblem(password: string, again: string): string | undefined {
  if (password !== again) return "The two passwords differ.";
  const bytes = Buffer.byteLength(password);
  if (bytes < 8) return "The game password needs 8 characters or more.";
  if (bytes > 64) return "The game password may have 64 characters at most.";
  // Beyond these the client's keyboard and its encoding may not agree with ours.
  if (!/^[\x20-\x7e]+$/.test(password))
    return "Use letters without accents, digits and signs: the game client cannot type others.";
  return undefined;
}

/** How long a ban may last, in seconds; undefined is for ever. */
export const banLengths: ReadonlyMap<string, { label: string; seconds: number | undefined }> = new Map([
  ["hour", { label: "1 hour", seconds: 3600 }],
  ["day", { label: "1 day", seconds: 86_400 }],
  ["week", { label: "1 week", seconds: 604_800 }],
  ["month", { label: "30 days", seconds: 2_592_000 }],
  ["ever", { label: "for ever", seconds: undefined }],
]);
