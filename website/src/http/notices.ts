const notices: Readonly<Record<string, string>> = {
  banned: "The player is banned and leaves the game now.",
  deleted: "Your account is deleted.",
  email: "Thank you. The e-mail address is confirmed.",
  "email-asked": "Open the link in the message that was sent. Your e-mail address changes after that.",
  "game-password": "Your game password is set.",
  "game-password-removed": "Your game password is removed.",
  "other-sessions": "All other sessions are ended.",
  password: "Your password is changed.",
  "password-and-sessions": "Your password is changed, and all other sessions are ended.",
  "password-reset": "Your password is changed, and all sessions are ended. Sign in with the new password.",
  restored: "The character is kept.",
  session: "The session is ended.",
  "signed-out": "You are signed out.",
  "user-sessions": "The player's sessions are ended.",
  unbanned: "The ban is lifted.",
};

/** Returns the sentence that a page shows after a form was done; the address names it. */
export function notice(name: string | undefined): string | undefined {
  return name === undefined || !Object.hasOwn(notices, name) ? undefined : notices[name];
}
