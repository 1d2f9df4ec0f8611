/**
 * A program that calls a Service by gRPC without a proxy, by the xDS client that gRPC itself publishes. A process of its
 * own, since that client keeps its connections and its bootstrap for the whole of its process. Run by `proxyless-client.ts`.
 */
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { register } from '@grpc/grpc-js-xds';

import type { CallReport, CallOrder } from './proxyless-client.ts';

register();
const clients = new Map<string, Client>();

function clientOf(target: string): Client {
  const known = clients.get(target);
  if (known) return known;
  const client = new Client(target, credentials.createInsecure());
  clients.set(target, client);
  return client;
}

/** One call; who answered, or the name of the status it failed with. */
function call({ target, deadlineMs, waits }: CallOrder): Promise<string> {
  return new Promise((resolve) => {
    clientOf(target).makeUnaryRequest(
      '/test.Backend/WhoAreYou',
      (text: string) => Buffer.from(text),
      (bytes: Buffer) => bytes.toString(),
      'who are you',
      new Metadata({ waitForReady: waits }),
      { deadline: Date.now() + deadlineMs },
      (error, answer) => resolve(error === null ? (answer ?? '') : `${status[error.code]}: ${error.details}`),
    );
  });
}

async function perform(order: CallOrder): Promise<CallReport> {
  const answers: Record<string, number> = {};
  let left = order.calls;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      const answer = await call(order);
      answers[answer] = (answers[answer] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: order.atOnce }, lane));
  return { answers };
}

process.on('message', (order: CallOrder & { readonly id: number }) => {
  void perform(order).then((report) => process.send?.({ id: order.id, ...report }));
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');
