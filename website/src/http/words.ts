import type { Reply } from "./forward.ts";

const sentences: Readonly<Record<string, string>> = {
  ACCOUNT_NOT_FOUND: "There is no such account.",
  BANNED_USER: "This account is banned.",
  INVALID_EMAIL: "This is not an e-mail address.",
  INVALID_EMAIL_OR_PASSWORD: "Name or password is wrong.",
  INVALID_PASSWORD: "This is not your present password.",
  INVALID_USERNAME: "A name has letters, digits, dots and underscores only.",
  INVALID_USERNAME_OR_PASSWORD: "Name or password is wrong.",
  PASSWORD_TOO_LONG: "The password may have 128 characters at most.",
  PASSWORD_TOO_SHORT: "The password needs 8 characters or more.",
  USERNAME_IS_ALREADY_TAKEN: "This name is taken. Choose another.",
  USERNAME_TOO_LONG: "A name has 30 characters at most.",
  USERNAME_TOO_SHORT: "A name has 3 characters or more.",
  USER_ALREADY_EXISTS: "There is an account with this e-mail address.",
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: "There is an account with this e-mail address.",
  YOU_CANNOT_BAN_YOURSELF: "You cannot ban yourself.",
  access_denied: "This code belongs to another account.",
  expired_token: "This code is too old. Ask the launcher for a new one.",
  invalid_request: "There is no such code. Look at the launcher again.",
};

/** Puts a refusal of better-auth into plain words. */
export function words(refusal: Extract<Reply, { ok: false }>): string {
  if (refusal.status === 429) return "Too many attempts. Wait some seconds and try again.";
  const known = sentences[refusal.code];
  if (known !== undefined) return known;
  if (refusal.status >= 500) return "Something went wrong here. Try again in a moment.";
  return refusal.message || "This could not be done.";
}
