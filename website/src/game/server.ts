import type { Settings } from "../settings.ts";
import { type Channel, openChannel } from "./channel.ts";
import { type Character, readCharacters } from "./characters.ts";
import { explain, GameError } from "./errors.ts";
import { isoTime, objectAt, textAt } from "./read.ts";
import { reasonOf } from "./reason.ts";

/** A one-time ticket for the game. */
export interface Ticket {
  ticket: string;
  user: string;
  /** ISO 8601. */
  expiresAt: string;
}

/** A change of a game password, and what shows that the account's owner asks for it. */
export interface GamePasswordChange {
  userId: string;
  /** Empty to take the game password away. */
  password: string;
  /** Of the website, as it was typed. */
  currentPassword: string;
  /** The visitor's: wrong passwords are counted by its network. */
  address: string;
  sessionToken: string;
}

const noSession = () => new GameError("signed_out", 401, "You are signed out. Sign in again.");
const noUser = () =>
  new GameError("no_user", 404, "The game server does not know this account. It may read another database.");

/** The calls that the website makes to the game server. They fail with a GameError. */
export class GameServer {
  readonly #auth: Channel;
  readonly #character: Channel;

  constructor(settings: Settings) {
    const common = { protoDir: settings.protoDir, token: settings.serviceToken };
    this.#auth = openChannel({
      ...common,
      file: "waystone/auth/v1/auth.proto",
      service: "waystone.auth.v1.AuthService",
      address: settings.authAddr,
    });
    this.#character = openChannel({
      ...common,
      file: "waystone/character/v1/character.proto",
      service: "waystone.character.v1.CharacterService",
      address: settings.characterAddr,
    });
  }

  /** Gives the owner of a session a ticket. The play ends with that session. */
  async issueTicket(sessionToken: string): Promise<Ticket> {
    try {
      const reply = await this.#auth.call("IssueTicket", { sessionToken });
      return {
        ticket: textAt(reply, "ticket"),
        user: textAt(reply, "userName"),
        expiresAt: isoTime(objectAt(reply, "expiresAt")),
      };
    } catch (error) {
      throw explain(error, { notFound: noSession() });
    }
  }

  /**
   * Sets the password of the game client, or takes it away when it is empty. The
   * game server judges who asks: by the current password of the website or, where
   * it may not read that, by how long ago the visitor signed in.
   */
  async setGamePassword(change: GamePasswordChange): Promise<void> {
    try {
      await this.#auth.call("SetGamePassword", change);
    } catch (error) {
      const why = reasonOf(error);
      if (why === "CURRENT_PASSWORD_WRONG")
        throw new GameError("wrong_password", 403, "The current password is wrong.");
      if (why === "SESSION_NOT_FRESH")
        throw new GameError(
          "sign_in_again",
          403,
          "Sign out and in again, then change it within a few minutes.",
        );
      if (why === "TOO_MANY_ATTEMPTS")
        throw new GameError("busy", 429, "Too many attempts. Wait a while and try again.");
      throw explain(error, { notFound: noUser() });
    }
  }

  /** Lists a player's characters, also those marked for deletion. */
  async listCharacters(userId: string): Promise<Character[]> {
    try {
      return readCharacters(await this.#character.call("ListCharacters", { userId }));
    } catch (error) {
      throw explain(error, { notFound: noUser() });
    }
  }

  /** Takes a character's mark for deletion away. */
  async restoreCharacter(userId: string, characterId: string): Promise<void> {
    try {
      await this.#character.call("RestoreCharacter", { userId, characterId });
    } catch (error) {
      throw explain(error, {
        notFound: new GameError("no_character", 404, "This character is gone."),
        conflict: new GameError("not_marked", 409, "This character is not marked for deletion."),
      });
    }
  }

  close(): void {
    this.#auth.close();
    this.#character.close();
  }
}
