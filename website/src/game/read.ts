// Replies come as plain objects; these read a field and check its type.

function field(from: object, name: string): unknown {
  return (from as Record<string, unknown>)[name];
}

export function textAt(from: object, name: string): string {
  const value = field(from, name);
  if (typeof value !== "string") throw new Error(`the game server's reply has no text ${name}`);
  return value;
}

export function numberAt(from: object, name: string): number {
  const value = field(from, name);
  if (typeof value !== "number") throw new Error(`the game server's reply has no number ${name}`);
  return value;
}

export function objectAt(from: object, name: string): object {
  const value = optionalAt(from, name);
  if (value === undefined) throw new Error(`the game server's reply has no ${name}`);
  return value;
}

export function optionalAt(from: object, name: string): object | undefined {
  const value = field(from, name);
  return typeof value === "object" && value !== null ? value : undefined;
}

export function listAt(from: object, name: string): object[] {
  const value = field(from, name);
  if (!Array.isArray(value)) throw new Error(`the game server's reply has no list ${name}`);
  return value;
}

/** Reads a protobuf Timestamp. */
export function isoTime(timestamp: object): string {
  const seconds = Number(textAt(timestamp, "seconds"));
  const nanos = numberAt(timestamp, "nanos");
  return new Date(seconds * 1000 + Math.floor(nanos / 1e6)).toISOString();
}
