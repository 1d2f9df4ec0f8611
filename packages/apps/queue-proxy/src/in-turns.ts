/** Loading that lets requests pass in between: in one piece it would keep them waiting for all of it. */
import { getBuiltinModule } from 'node:process';

/** Node's own that gRPC and the side servers stand on, by what takes long. */
const slowest = ['node:http', 'node:tls', 'node:zlib', 'node:http2'] as const;

/** What libraries load afterwards they find there. */
export async function loadInTurns(): Promise<void> {
  for (const name of slowest) {
    getBuiltinModule(name);
    await turn();
  }
}

/** Fulfils when everything else that waits has had its turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
