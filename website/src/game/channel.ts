import { resolve } from "node:path";
import { Client, credentials, Metadata, type MethodDefinition, type ServiceError } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const callTimeout = 5000; // milliseconds

/** One service of the game server: calls a method by its name. */
export interface Channel {
  call(method: string, request: object): Promise<object>;
  close(): void;
}

/** Reads a service's methods out of a proto file and connects on the first call. */
export function openChannel(config: {
  protoDir: string;
  file: string;
  service: string;
  address: string;
  token: string | undefined;
}): Channel {
  const standIns = resolve(import.meta.dirname, "../../proto");
  const loaded = loadSync(config.file, {
    includeDirs: [standIns, config.protoDir],
    defaults: true,
    longs: String,
    enums: String,
  });
  const methods = loaded[config.service] as Record<string, MethodDefinition<object, object>> | undefined;
  if (methods === undefined) throw new Error(`${config.file} has no service ${config.service}`);
  const metadata = new Metadata();
  if (config.token !== undefined) metadata.set("x-waystone-token", config.token);
  const client = new Client(config.address, credentials.createInsecure(), {
    // A server that has just come up is found soon.
    "grpc.max_reconnect_backoff_ms": 2000,
  });

  return {
    call(name, request) {
      const method = methods[name];
      if (method === undefined) throw new Error(`${config.service} has no method ${name}`);
      return new Promise((done, fail) => {
        client.makeUnaryRequest(
          method.path,
          method.requestSerialize,
          method.responseDeserialize,
          request,
          metadata,
          { deadline: Date.now() + callTimeout },
          (error: ServiceError | null, reply) => {
            if (error !== null) fail(error);
            else done(reply ?? {});
          },
        );
      });
    },
    close: () => client.close(),
  };
}
