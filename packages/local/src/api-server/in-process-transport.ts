/** The client's transport without sockets: requests go straight to a server in the same process. */
import type { ApiRequest, ApiResponse, Transport } from '@sluice/kubernetes';
import type { ApiServer } from './api-server.ts';
import type { BreakOff, TextStream } from './exchange.ts';
import { breakingAfter } from './faults/broken-bytes.ts';

/** Clients over it see what they would see over HTTP, in the same order, without the wait. */
export function createInProcessTransport(server: ApiServer): Transport {
  return {
    async send(request: ApiRequest): Promise<ApiResponse> {
      const { signal, ...rest } = request;
      signal?.throwIfAborted();
      const { status, headers, body, breakOff } = await server.handle(rest);
      const bytes = body.kind === 'text' ? oneChunk(body.text) : readStream(body.stream, signal);
      return { status, headers, body: breakOff ? breakOffBytes(bytes, breakOff, signal) : bytes };
    },
  };
}

/** What fault switches do to an answer. */
async function* breakOffBytes(bytes: AsyncIterable<Uint8Array>, breakOff: BreakOff, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const written: Uint8Array[] = [];
  let isCut = false;
  const take = breakingAfter(breakOff, { write: (part) => written.push(part), cut: () => (isCut = true) });
  let goesOn = take(new Uint8Array());
  if (goesOn) {
    for await (const piece of bytes) {
      goesOn = take(piece);
      yield* written.splice(0);
      if (!goesOn) break;
    }
  }
  if (isCut) throw new Error('the connection was cut');
  await new Promise<void>((resolve) => {
    if (signal?.aborted) resolve();
    else signal?.addEventListener('abort', () => resolve(), { once: true });
  });
  signal?.throwIfAborted();
}

async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  if (text !== '') yield new TextEncoder().encode(text);
}

/** Ends when the server ends it; throws the signal's reason when the client gives up. */
async function* readStream(stream: TextStream, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const pending: string[] = [];
  let isEnded = false;
  let wake = (): void => {};
  const onAbort = (): void => wake();
  signal?.addEventListener('abort', onAbort);
  stream.listen({
    onText(text) {
      pending.push(text);
      wake();
    },
    onEnd() {
      isEnded = true;
      wake();
    },
  });
  try {
    for (;;) {
      signal?.throwIfAborted();
      const text = pending.splice(0).join('');
      if (text !== '') yield encoder.encode(text);
      else if (isEnded) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    stream.close();
  }
}
