import { status } from "@grpc/grpc-js";
import { logLine } from "../text.ts";

/** A refusal or failure of the game server, in words for the player. */
export class GameError extends Error {
  /** For programs: lower-case words joined by underscores. */
  readonly code: string;
  /** HTTP status that fits. */
  readonly status: 400 | 401 | 403 | 404 | 409 | 429 | 502 | 503;

  constructor(code: string, httpStatus: GameError["status"], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "GameError";
    this.code = code;
    this.status = httpStatus;
  }
}

/** What a NOT_FOUND and a FAILED_PRECONDITION of one call mean to the player. */
export interface Meanings {
  notFound: GameError;
  conflict?: GameError;
}

/** Puts an error of a call into plain words; unknown ones keep their cause for the log. */
export function explain(error: unknown, meanings: Meanings): GameError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case status.UNAVAILABLE:
    case status.DEADLINE_EXCEEDED:
      return new GameError(
        "unreachable",
        503,
        "The game server cannot be reached. Try again in a moment.",
        error,
      );
    case status.RESOURCE_EXHAUSTED:
      return new GameError("busy", 429, "The game server is busy. Try again in a moment.");
    case status.PERMISSION_DENIED:
      return new GameError("banned", 403, "This account is banned and cannot play.");
    case status.NOT_FOUND:
      return meanings.notFound;
    case status.FAILED_PRECONDITION:
      if (meanings.conflict !== undefined) return meanings.conflict;
      break;
    case status.UNAUTHENTICATED:
      return new GameError(
        "misconfigured",
        502,
        "The game server does not accept calls from this website. The operator has to set SERVICE_TOKEN.",
        error,
      );
  }
  return new GameError("failed", 502, "The game server could not do this. Try again in a moment.", error);
}

/**
 * Writes why a call failed to the log, if that is for the operator: a line for
 * an error of the connection or the server, everything for one of ours.
 */
export function logCause(error: GameError): void {
  const { cause } = error;
  if (cause === undefined) return;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (cause instanceof Error && typeof code === "number") {
    const details = "details" in cause && typeof cause.details === "string" ? cause.details : cause.message;
    // gRPC adds how it looked the address up, which was not the trouble.
    const why = logLine(details.replace(/ Resolution note:.*/s, ""));
    console.error(`website: the game server: ${status[code] ?? code}: ${why}`);
  } else console.error("website: the game server:", cause);
}
