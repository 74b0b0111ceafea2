import { HTTPException } from "hono/http-exception";
import { lineProblem } from "../text.ts";
import type { Request } from "./context.ts";

/** Fields of a form. */
export type Fields = (name: string) => string;

/** What is wrong with a form: a sentence for each field; "" is the form as a whole. */
export type Problems = Readonly<Record<string, string>>;

const formTypes = /^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i;

/** Reads a form. A field that is absent, or a file, is empty. */
export async function readForm(c: Request): Promise<Fields> {
  const type = c.req.header("content-type");
  if (type !== undefined && !formTypes.test(type) && (await c.req.arrayBuffer()).byteLength > 0)
    throw new HTTPException(415, { message: "A form is sent as application/x-www-form-urlencoded." });
  let body: Awaited<ReturnType<typeof c.req.parseBody>>;
  try {
    body = await c.req.parseBody();
  } catch {
    throw new HTTPException(400, { message: "This is not a form that can be read." });
  }
  return (name) => {
    const value = Object.hasOwn(body, name) ? body[name] : undefined;
    return typeof value === "string" ? value : "";
  };
}

/** Leaves out what is not wrong. */
export function onlyProblems(found: Record<string, string | undefined>): Problems | undefined {
  const wrong = Object.entries(found).filter((p): p is [string, string] => p[1] !== undefined);
  return wrong.length === 0 ? undefined : Object.fromEntries(wrong);
}

/**
 * Returns where to go after the sign-in: a path of this site, never another
 * site's address.
 */
export function localPath(wanted: string | undefined, fallback: string): string {
  if (wanted === undefined || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(wanted)) return fallback;
  return wanted;
}

/** Says what is wrong with a new user name. */
export function userNameProblem(name: string): string | undefined {
  if (name.length < 3) return "A name needs 3 characters or more.";
  if (name.length > 30) return "A name may have 30 characters at most.";
  if (!/^[A-Za-z0-9_.]+$/.test(name)) return "A name has letters, digits, dots and underscores only.";
  return undefined;
}

/** Says what is wrong with an e-mail address; better-auth looks closer. */
export function emailProblem(email: string): string | undefined {
  if (email === "") return "Enter an e-mail address.";
  return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)
    ? undefined
    : "This is not an e-mail address. One looks like name@example.com.";
}

/** Says what is wrong with a new password of the website. */
export function passwordProblem(password: string): string | undefined {
  if (password.length < 8) return "The password needs 8 characters or more.";
  if (password.length > 128) return "The password may have 128 characters at most.";
  return undefined;
}

/** Says whether a password was repeated as it was. */
export function repeatProblem(password: string, again: string): string | undefined {
  return password === again ? undefined : "The two passwords are different.";
}

/** Says what is wrong with a new game password, in bytes as the client counts. */
export function gamePasswordProblem(password: string): string | undefined {
  const bytes = Buffer.byteLength(password);
  if (bytes < 8) return "The game password needs 8 characters or more.";
  if (bytes > 64) return "The game password may have 64 characters at most.";
  // Beyond these the client's keyboard and its encoding may not agree with ours.
  if (!/^[\x20-\x7e]+$/.test(password))
    return "Use letters without accents, digits and signs: the game client cannot type others.";
  return undefined;
}

/** Says what is wrong with the reason of a ban. */
export function reasonProblem(reason: string, max: number): string | undefined {
  if (reason === "") return "Enter a reason.";
  const problem = lineProblem(reason, max);
  return problem && `The reason ${problem}.`;
}

/** How long a ban may last, in seconds; undefined is for ever. */
export const banLengths: ReadonlyMap<string, { label: string; seconds: number | undefined }> = new Map([
  ["hour", { label: "1 hour", seconds: 3600 }],
  ["day", { label: "1 day", seconds: 86_400 }],
  ["week", { label: "1 week", seconds: 604_800 }],
  ["month", { label: "30 days", seconds: 2_592_000 }],
  ["ever", { label: "for ever", seconds: undefined }],
]);
