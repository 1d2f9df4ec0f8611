/**
 * Conversations with a server, mutated: nothing they say makes the machine throw, what it makes of them does not depend on
 * how they are cut, and after it has given up a connection it does nothing more.
 */
import { Buffer } from 'node:buffer';
import { createSeededRandom, randomInt, type Random } from '@sluice/kernel';
import { RequestHead } from '@sluice/http';
import { Flag, frame, FrameType, Http2Machine, settingsFrame, windowUpdate } from '@sluice/http/testing';
import type { FuzzInput, FuzzRun, FuzzTarget } from '../fuzz-target.ts';
import { mutateFrames } from './mutate-frames.ts';
import { randomFields, randomPath } from './random-message.ts';

export const http2Target: FuzzTarget = {
  name: 'http2',
  help: 'conversations of HTTP/2: no harm, the same however they are cut',
  start: () => Promise.resolve(createHttp2Run()),
};

export function createHttp2Run(): FuzzRun {
  const conversations = Array.from({ length: 20 }, (_, seed) => createConversation(createSeededRandom(seed)));
  return {
    judge: (input) => judge(input, 1),
    next(random) {
      const bytes = mutateFrames(conversations[randomInt(random, conversations.length)] as Buffer, random);
      const pieceBytes = randomInt(random, 3) === 0 ? 1 : 1 + randomInt(random, 200);
      return { kind: 'conversation', bytes, finding: judge({ kind: 'conversation', bytes }, pieceBytes), isAccepted: transcribe(bytes, bytes.length).requests > 0 };
    },
  };
}

function judge({ bytes }: FuzzInput, pieceBytes: number): string | undefined {
  const whole = transcribe(bytes, Math.max(1, bytes.length));
  const cut = transcribe(bytes, pieceBytes);
  if (whole.text !== cut.text) return `cut into pieces of ${pieceBytes} it is ${cut.text}, whole ${whole.text}`;
  return undefined;
}

/** What came of it: requests, bodies, ends and what was answered. */
function transcribe(bytes: Buffer, pieceBytes: number): { readonly text: string; readonly requests: number } {
  const machine = new Http2Machine('server');
  machine.connection.begin();
  let atEnd: number | undefined;
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    machine.feed(Buffer.from(bytes.subarray(at, at + pieceBytes)));
    if (machine.broken && atEnd === undefined) atEnd = machine.streams.length;
  }
  const streams = machine.streams.map(({ stream, verdict, head, body, trailers, isEnded, reset }) => [stream.id, verdict, verdict === 'whole' && [head?.method, head?.path, head?.entries()], body, trailers?.entries(), isEnded, reset?.code]);
  const isQuiet = atEnd === undefined || atEnd === machine.streams.length;
  return { text: JSON.stringify([streams, machine.broken, isQuiet, machine.output.take().toString('hex')]), requests: machine.streams.length };
}

/** What a client says that asks several things at once, by our own client and by hand. */
function createConversation(random: Random): Buffer {
  const client = new Http2Machine('client');
  client.connection.begin();
  for (let count = 0; count < 6; count += 1) {
    const head = RequestHead.of(count % 2 === 0 ? 'GET' : 'POST', 'a.test', randomPath(random));
    for (const [name, value] of randomFields(random)) head.add(name, value);
    const { stream } = client.openStream();
    stream.writeRequest(head, count % 2 === 0, 'http', '');
    if (count % 2 === 0) continue;
    const body = Buffer.alloc(randomInt(random, 500), 'b');
    stream.writeData(body, 0, body.length, false);
    stream.writeEnd(undefined);
  }
  return Buffer.concat([
    client.output.take(),
    frame(FrameType.settings, Flag.ack, 0),
    settingsFrame([4, 70_000]),
    windowUpdate(0, 1000),
    frame(FrameType.ping, 0, 0, Buffer.alloc(8, 'p')),
    frame(FrameType.headers, Flag.endStream | Flag.endHeaders, 101, Buffer.from('828684410161', 'hex')),
    frame(FrameType.headers, Flag.endStream | Flag.endHeaders, 103, Buffer.from('828684be', 'hex')),
  ]);
}
