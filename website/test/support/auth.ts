import type { TestContext } from "node:test";
import { type ServiceError, status } from "@grpc/grpc-js";
import { openChannel } from "../../src/game/channel.ts";
import { isoTime, objectAt } from "../../src/game/read.ts";
import { reasonOf } from "../../src/game/reason.ts";
import type { Stack } from "./stack.ts";

/** Settings of a game server that does not slow tries at passwords down. */
export const manyTries: Readonly<Record<string, string>> = Object.fromEntries(
  ["DEVICE", "ACCOUNT", "NETWORK"].map((limit) => [`AUTH_ATTEMPTS_${limit}`, "100000,1s,1s,1s"]),
);

/** What the auth part answered: OK and a reply, or why not. */
export interface Verdict {
  /** OK, or the reason that the error carries. */
  reason: string;
  /** Name of the gRPC status. */
  status: string;
  reply: object;
}

/** Calls a method of AuthService. An error without a reason fails the test. */
export type Ask = (method: string, request: object) => Promise<Verdict>;

/** Connects to the auth part of a stack; the connection ends with the test. */
export function openAuth(t: TestContext, stack: Stack): Ask {
  const channel = openChannel({
    protoDir: "../proto",
    file: "waystone/auth/v1/auth.proto",
    service: "waystone.auth.v1.AuthService",
    address: stack.authAddr,
    token: undefined,
  });
  t.after(() => channel.close());
  return async (method, request) => {
    try {
      return { reason: "OK", status: "OK", reply: await channel.call(method, request) };
    } catch (error) {
      const refusal = error as ServiceError;
      const reason = reasonOf(error);
      if (reason === undefined) throw error;
      return { reason, status: status[refusal.code] ?? "", reply: {} };
    }
  };
}

/** When the session in a reply ends, in milliseconds. */
export function endOf(verdict: Verdict): number {
  return Date.parse(isoTime(objectAt(objectAt(verdict.reply, "session"), "expiresAt")));
}
