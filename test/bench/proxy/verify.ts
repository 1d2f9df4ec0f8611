/** A fast wrong answer is worth nothing: what each target answers is compared with what it should before anything is timed. */
import { createReadStream } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { MeasuredProcess } from '../method/measured-process.ts';
import { backendFiles, patternBytes, replyBody } from './targets.ts';
import type { Work } from './works.ts';

/** @throws Error with what was wrong */
export async function verify(target: MeasuredProcess, work: Work): Promise<void> {
  const path = work.path ?? '/';
  const file = /^\/files\/(.+)$/.exec(path)?.[1];
  const expected = file === undefined ? Buffer.from(replyBody) : patternBytes(backendFiles[file] ?? 0);
  for (let count = 0; count < 3; count += 1) await expectBody(target, work, path, undefined, expected);
  if (!work.upload) return;
  const body = patternBytes(work.upload.bytes);
  await expectBody(target, work, '/echo', body, body);
}

/** A log that is not written costs nothing either. @throws Error when there are fewer lines than requests were answered */
export async function verifyAccessLog(target: string, path: string, requests: number): Promise<void> {
  let lines = 0;
  for await (const bytes of createReadStream(path) as AsyncIterable<Buffer>) for (const byte of bytes) if (byte === 10) lines += 1;
  if (lines < requests) throw new Error(`${target} wrote ${lines} lines of its access log for ${requests} requests`);
}

async function expectBody(target: MeasuredProcess, work: Work, path: string, body: Buffer | undefined, expected: Buffer): Promise<void> {
  const { status, received } = await exchange(target.port, work, path, body);
  if (status !== 200 || !received.equals(expected)) throw new Error(`${target.name} answers ${path} with ${status} and ${received.length} bytes, expected ${expected.length}`);
}

function exchange(port: number, { scheme, upload }: Work, path: string, body: Buffer | undefined): Promise<{ readonly status: number; readonly received: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; received: Buffer }>();
  const onResponse = (response: IncomingMessage) => {
    const pieces: Buffer[] = [];
    response.on('data', (piece: Buffer) => pieces.push(piece));
    response.on('end', () => resolve({ status: response.statusCode ?? 0, received: Buffer.concat(pieces) }));
    response.on('error', reject);
  };
  const isChunked = upload?.chunkBytes !== undefined;
  const options = { host: '127.0.0.1', port, path, method: body ? 'POST' : 'GET', rejectUnauthorized: false, agent: false, ...(body && !isChunked && { headers: { 'content-length': body.length } }) };
  const outgoing = scheme === 'https' ? httpsRequest(options, onResponse) : httpRequest(options, onResponse);
  outgoing.on('error', reject);
  const bytes = body ?? Buffer.alloc(0);
  const chunkBytes = upload?.chunkBytes ?? Math.max(1, bytes.length);
  for (let at = 0; at < bytes.length; at += chunkBytes) outgoing.write(bytes.subarray(at, at + chunkBytes));
  outgoing.end();
  return promise;
}
