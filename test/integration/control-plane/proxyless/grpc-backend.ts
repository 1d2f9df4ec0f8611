/** A pod's program: it answers every call with its name. */
import { Server, ServerCredentials } from '@grpc/grpc-js';

export interface GrpcBackend {
  readonly name: string;
  readonly port: number;
  stop(): void;
}

export async function startGrpcBackend(name: string): Promise<GrpcBackend> {
  const server = new Server();
  server.register(
    '/test.Backend/WhoAreYou',
    (_call: unknown, answer: (error: null, name: string) => void) => answer(null, name),
    (text: string) => Buffer.from(text),
    (bytes: Buffer) => bytes.toString(),
    'unary',
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  return { name, port, stop: () => server.forceShutdown() };
}
