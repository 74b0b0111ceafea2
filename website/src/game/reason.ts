import { Metadata } from "@grpc/grpc-js";

/** Splits a protobuf message into its fields that have a length. */
function* parts(message: Buffer): Generator<{ field: number; value: Buffer }> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message.readUInt8(at++);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    if ((tag & 7) === 0) varint();
    else if ((tag & 7) === 2) {
      const length = varint();
      yield { field: tag >> 3, value: message.subarray(at, at + length) };
      at += length;
    } else throw new Error("an error of the game server has a field that cannot be read");
  }
}

function part(message: Buffer, field: number): Buffer {
  for (const p of parts(message)) if (p.field === field) return p.value;
  return Buffer.alloc(0);
}

/**
 * Returns the reason that an error of the game server carries: google.rpc.Status,
 * its ErrorInfo, there the first field. Undefined for an error without one.
 */
export function reasonOf(error: unknown): string | undefined {
  if (!(error instanceof Error && "metadata" in error && error.metadata instanceof Metadata))
    return undefined;
  for (const status of error.metadata.get("grpc-status-details-bin"))
    for (const { field, value: any } of parts(Buffer.from(status)))
      if (field === 3 && part(any, 1).toString().endsWith("/google.rpc.ErrorInfo"))
        return part(part(any, 2), 1).toString();
  return undefined;
}
