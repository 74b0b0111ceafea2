import { isoTime, listAt, numberAt, objectAt, optionalAt, textAt } from "./read.ts";

/** A character as the account page shows it. */
export interface Character {
  id: string;
  name: string;
  level: number;
  /** Number of the zone in which it stands. */
  zone: number;
  /** When its deletion becomes final, ISO 8601; undefined unless it is marked. */
  deleteAt: string | undefined;
}

/** Reads the reply of ListCharacters. */
export function readCharacters(reply: object): Character[] {
  return listAt(reply, "characters").map((character) => {
    const state = objectAt(character, "state");
    const deleteAt = optionalAt(character, "deleteAt");
    return {
      id: textAt(character, "id"),
      name: textAt(character, "name"),
      level: numberAt(state, "level"),
      zone: numberAt(objectAt(state, "position"), "zone"),
      deleteAt: deleteAt && isoTime(deleteAt),
    };
  });
}
