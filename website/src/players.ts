import type { Auth } from "./auth.ts";
import { shown } from "./text.ts";

/** An account as moderators see it. Its texts are safe to show. */
export interface Player {
  id: string;
  /** The one name that nobody else has; undefined for an account without one. */
  userName: string | undefined;
  /** The free name, if it is another than the user name. */
  freeName: string | undefined;
  /** Whether the free name is the user name of another player. */
  borrowed: boolean;
  email: string;
  role: string;
  createdAt: string;
  banned: boolean;
  banReason: string | undefined;
  banExpires: string | undefined;
  /** What of it matched a search. */
  matched: string[];
}

/** A page of players. */
export interface Found {
  players: Player[];
  total: number;
}

interface Row {
  id: string;
  username?: string | null;
  displayUsername?: string | null;
  name: string;
  email: string;
  role?: string | null;
  createdAt: Date | string;
  banned?: boolean | null;
  banReason?: string | null;
  banExpires?: Date | string | null;
}

const searched = {
  username: "user name",
  email: "e-mail address",
  id: "id",
  name: "free name",
  displayUsername: "spelling of the name",
} as const;
const searchedFields = Object.keys(searched) as (keyof typeof searched)[];
const sortBy = { field: "createdAt", direction: "desc" } as const;

/** Longest text that is looked for. */
export const longestQuery = 100;

/**
 * Finds players by anything that an account goes by. Who matches exactly, by
 * what nobody else can have, comes first.
 */
export async function findPlayers(auth: Auth, query: string, page: number, perPage: number): Promise<Found> {
  const { adapter } = await auth.$context;
  const offset = (page - 1) * perPage;
  const wanted = query.slice(0, longestQuery);
  if (wanted === "") {
    const [rows, total] = await Promise.all([
      adapter.findMany<Row>({ model: "user", sortBy, limit: perPage, offset }),
      adapter.count({ model: "user" }),
    ]);
    return { players: await asPlayers(auth, rows, ""), total };
  }
  const exact = await adapter.findMany<Row>({
    model: "user",
    sortBy,
    where: [
      { field: "username", value: wanted.toLowerCase(), connector: "OR" },
      { field: "email", value: wanted.toLowerCase(), connector: "OR" },
      { field: "id", value: wanted, connector: "OR" },
    ],
  });
  const contains = searchedFields.map(
    (field) =>
      ({ field, value: wanted, operator: "contains", mode: "insensitive", connector: "OR" }) as const,
  );
  const others =
    exact.length === 0
      ? contains
      : [
          ...contains,
          { field: "id", operator: "not_in", value: exact.map((r) => r.id), connector: "AND" } as const,
        ];
  const [rows, total] = await Promise.all([
    adapter.findMany<Row>({ model: "user", where: others, sortBy, limit: perPage, offset }),
    adapter.count({ model: "user", where: others }),
  ]);
  return {
    players: await asPlayers(auth, page === 1 ? [...exact, ...rows] : rows, wanted),
    total: total + exact.length,
  };
}

/** Finds one player by id. */
export async function findPlayer(auth: Auth, id: string): Promise<Player | undefined> {
  const { adapter } = await auth.$context;
  const row = await adapter.findOne<Row>({ model: "user", where: [{ field: "id", value: id }] });
  return row === null ? undefined : (await asPlayers(auth, [row], ""))[0];
}

async function asPlayers(auth: Auth, rows: Row[], wanted: string): Promise<Player[]> {
  const freeNames = rows.flatMap((row) => (isFree(row) ? [row.name.toLowerCase()] : []));
  const { adapter } = await auth.$context;
  const owners =
    freeNames.length === 0
      ? []
      : await adapter.findMany<{ username: string }>({
          model: "user",
          where: [{ field: "username", operator: "in", value: freeNames }],
          select: ["username"],
        });
  const taken = new Set(owners.map((o) => o.username));
  return rows.map((row) => ({
    id: row.id,
    userName: row.username ? shown(row.username) : undefined,
    freeName: isFree(row) ? shown(row.name) : undefined,
    borrowed: isFree(row) && taken.has(row.name.toLowerCase()),
    email: shown(row.email),
    role: row.role ?? "",
    createdAt: new Date(row.createdAt).toISOString(),
    banned: row.banned ?? false,
    banReason: row.banReason ? shown(row.banReason, 200) : undefined,
    banExpires: row.banExpires ? new Date(row.banExpires).toISOString() : undefined,
    matched: wanted === "" ? [] : matches(row, wanted.toLowerCase()),
  }));
}

const isFree = (row: Row) => row.name.toLowerCase() !== row.username?.toLowerCase();

function matches(row: Row, wanted: string): string[] {
  const found = searchedFields.filter((field) => row[field]?.toLowerCase().includes(wanted));
  // The spelling repeats the user name, unless it is from elsewhere.
  const told = found.filter((field) => field !== "displayUsername" || !found.includes("username"));
  return told.map((field) => searched[field]);
}
