import { duration } from "../pages/times.ts";
import { shown } from "../text.ts";
import type { Problems } from "./forms.ts";
import type { Refusal } from "./forward.ts";

const sentences: Readonly<Record<string, string>> = {
  ACCOUNT_NOT_FOUND: "There is no such account.",
  BANNED_USER: "This account is banned.",
  EMAIL_IS_THE_SAME: "This is your e-mail address already.",
  INVALID_EMAIL: "This is not an e-mail address. One looks like name@example.com.",
  INVALID_EMAIL_OR_PASSWORD: "The name or the password is wrong.",
  INVALID_PASSWORD: "The current password is wrong.",
  INVALID_TOKEN: "This link is too old or was used already. Ask for a new one.",
  INVALID_USER: "This link is for another account. Sign out first, then open it again.",
  INVALID_USERNAME: "A name has letters, digits, dots and underscores only.",
  INVALID_USERNAME_OR_PASSWORD: "The name or the password is wrong.",
  PASSWORD_REQUIRED: "Enter your current password.",
  PASSWORD_TOO_LONG: "The password may have 128 characters at most.",
  PASSWORD_TOO_SHORT: "The password needs 8 characters or more.",
  RESET_PASSWORD_DISABLED: "This site sends no e-mail. Ask its operator for help.",
  TOKEN_EXPIRED: "This link is too old. Ask for a new one.",
  USERNAME_IS_ALREADY_TAKEN: "This name is taken. Choose another one.",
  USERNAME_TOO_LONG: "A name may have 30 characters at most.",
  USERNAME_TOO_SHORT: "A name needs 3 characters or more.",
  USER_ALREADY_EXISTS: "There is an account with this e-mail address already.",
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: "There is an account with this e-mail address already.",
  YOU_CANNOT_BAN_YOURSELF: "You cannot ban yourself.",
  access_denied: "This code belongs to another account.",
  expired_token: "This code is too old. Ask the launcher for a new one.",
  invalid_request: "There is no such code. Compare it with the one in the launcher.",
};

/** Which kind of field a refusal is about. */
const kinds: Readonly<Record<string, Kind>> = {
  EMAIL_IS_THE_SAME: "email",
  INVALID_EMAIL: "email",
  INVALID_EMAIL_OR_PASSWORD: "password",
  INVALID_PASSWORD: "password",
  INVALID_USERNAME: "name",
  INVALID_USERNAME_OR_PASSWORD: "password",
  PASSWORD_REQUIRED: "password",
  PASSWORD_TOO_LONG: "newPassword",
  PASSWORD_TOO_SHORT: "newPassword",
  USERNAME_IS_ALREADY_TAKEN: "name",
  USERNAME_TOO_LONG: "name",
  USERNAME_TOO_SHORT: "name",
  USER_ALREADY_EXISTS: "email",
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: "email",
};

type Kind = "name" | "email" | "password" | "newPassword";

/** Better-auth's own way to say which part of a request is wrong: "[body.email] Invalid email address". */
const inBody = /^\[body(?:\.(\w+))?\]/;

function codeOf(refusal: Refusal): string {
  const part = inBody.exec(refusal.message)?.[1];
  if (part === "email" || part === "newEmail") return "INVALID_EMAIL";
  if (/^email is the same$/i.test(refusal.message)) return "EMAIL_IS_THE_SAME";
  return refusal.code;
}

/** Puts a refusal of better-auth into plain words. */
export function words(refusal: Refusal): string {
  if (refusal.status === 429)
    return `Too many attempts. Wait ${refusal.wait ? duration(refusal.wait) : "a minute"} and try again.`;
  const known = sentences[codeOf(refusal)];
  if (known !== undefined) return known;
  if (refusal.status >= 500) return "Something went wrong here. Try again in a moment.";
  if (inBody.test(refusal.message)) return "This form is not complete. Check what you entered.";
  return shown(refusal.message, 200) || "This could not be done.";
}

/** Puts a refusal beside the field of a form that it is about. */
export function fieldProblems(refusal: Refusal, fields: Partial<Record<Kind, string>>): Problems {
  const kind = refusal.status === 429 ? undefined : kinds[codeOf(refusal)];
  const field = kind && fields[kind];
  return { [field ?? ""]: words(refusal) };
}

/** The sentence for a code that better-auth puts into an address; undefined for others. */
export function linkProblem(code: string | undefined): string | undefined {
  return code === undefined || !Object.hasOwn(sentences, code) ? undefined : sentences[code];
}
