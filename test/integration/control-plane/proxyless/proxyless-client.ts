/** A gRPC client in a process of its own that follows a config service. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface CallOrder {
  readonly target: string;
  readonly calls: number;
  readonly atOnce: number;
  readonly deadlineMs: number;
  /** Whether a call that nobody can take yet waits instead of failing. */
  readonly waits: boolean;
}

export interface CallReport {
  /** How many calls ended how: by who answered, or by the status. */
  readonly answers: Readonly<Record<string, number>>;
}

export interface ProxylessClient {
  /** Makes `calls` calls. Default: 20 at once, each given 20 s, since a call waits for a connection and for what there is no way to. */
  call(target: string, calls: number, more?: Partial<CallOrder>): Promise<CallReport['answers']>;
  stop(): void;
}

const program = fileURLToPath(new URL('./grpc-client.ts', import.meta.url));

/** @param configService `host:port`; @param cluster `node.cluster`: whatever its user calls it */
export async function startProxylessClient(configService: string, cluster: string): Promise<ProxylessClient> {
  const bootstrap = {
    xds_servers: [{ server_uri: configService, channel_creds: [{ type: 'insecure' }], server_features: ['xds_v3'] }],
    node: { id: `${cluster}-1`, cluster, locality: {} },
  };
  const waiting = new Map<number, { readonly resolve: (answers: CallReport['answers']) => void; readonly reject: (error: Error) => void }>();
  const child = fork(program, { env: { ...process.env, GRPC_XDS_BOOTSTRAP_CONFIG: JSON.stringify(bootstrap) } });
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', (code) => reject(new Error(`the gRPC client ended with ${code}`)));
  });
  child.on('message', ({ id, answers }: CallReport & { readonly id: number }) => {
    waiting.get(id)?.resolve(answers);
    waiting.delete(id);
  });
  child.once('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`the gRPC client ended with ${code}`));
  });
  let lastId = 0;
  return {
    call(target, calls, more = {}) {
      const id = (lastId += 1);
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        child.send({ id, target, calls, atOnce: 20, deadlineMs: 20_000, waits: true, ...more });
      });
    },
    stop() {
      child.removeAllListeners('exit');
      child.kill('SIGKILL');
    },
  };
}
