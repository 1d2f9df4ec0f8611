/** An upstream that does, for one request after the other, what a list says; and remembers what it was asked. */
import type { RawPeer } from './raw-peer.ts';

/** Bytes to answer with, or what to do instead. */
export type UpstreamAnswer = string | { readonly does: 'reset' | 'close' | 'nothing' };

export const resets: UpstreamAnswer = { does: 'reset' };
export const closes: UpstreamAnswer = { does: 'close' };
export const saysNothing: UpstreamAnswer = { does: 'nothing' };

/** A response with this status, fields and body. */
export function answerWith(status: number, body = '', headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Status\r\n${lines.join('')}content-length: ${body.length}\r\n\r\n${body}`;
}

export interface AnsweringUpstream {
  /** For `startRawUpstream` and the like: one run per connection, one list for all. */
  readonly script: (peer: RawPeer) => Promise<void>;
  readonly heads: readonly string[];
  /** Bodies, as their framing delimits them. */
  readonly bodies: readonly string[];
}

/** The last of the answers is given again and again. */
export function createAnsweringUpstream(answers: readonly UpstreamAnswer[]): AnsweringUpstream {
  const heads: string[] = [];
  const bodies: string[] = [];
  let next = 0;
  const script = async (peer: RawPeer): Promise<void> => {
    for (;;) {
      heads.push(await peer.readHead());
      const at = heads.length - 1;
      const answer = answers[Math.min(next, answers.length - 1)] as UpstreamAnswer;
      next += 1;
      bodies[at] = await readBody(peer, heads[at] as string);
      if (typeof answer === 'string') peer.write(answer);
      else if (answer.does === 'reset') return peer.reset();
      else if (answer.does === 'close') return peer.end();
    }
  };
  return { script, heads, bodies };
}

async function readBody(peer: RawPeer, head: string): Promise<string> {
  const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
  if (length > 0) return (await peer.readBytes(length)).toString('latin1');
  if (!/^transfer-encoding: chunked/im.test(head)) return '';
  let body = '';
  for (;;) {
    const size = Number.parseInt(await peer.readUntil('\r\n'), 16);
    if (size > 0) body += (await peer.readBytes(size)).toString('latin1');
    await peer.readUntil('\r\n');
    if (size === 0) return body;
  }
}
