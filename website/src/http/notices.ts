const notices: Readonly<Record<string, string>> = {
  banned: "The player is banned and leaves the game now.",
  "game-password": "Your game password is set.",
  "game-password-removed": "Your game password is taken away.",
  "other-sessions": "Every other session is ended.",
  password: "Your password is changed.",
  "password-and-sessions": "Your password is changed, and every other session is ended.",
  restored: "The character is kept.",
  session: "The session is ended.",
  "signed-out": "You are signed out.",
  "user-sessions": "The player's sessions are ended.",
  unbanned: "The ban is lifted.",
};

/** Returns the sentence that a page shows after a form was done; the address names it. */
export function notice(name: string | undefined): string | undefined {
  return name === undefined ? undefined : notices[name];
}
