/** DNS on the wire, as far as a resolver of names to IPv4 addresses needs it: one question in, an answer out. RFC 1035. */
import type { NameAnswer } from './cluster-names.ts';

export interface Question {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  /** The question as it was written, to be said again in the answer. */
  readonly bytes: Buffer;
  readonly recursionDesired: boolean;
}

export const typeA = 1;
const typeCname = 5;
const headerBytes = 12;
/** Seconds an answer holds: what is behind a name changes at any time. CoreDNS has 30 for Services; clients here ask seldom. */
const ttlSeconds = 5;

/** Undefined for what is no question, or holds more than one. */
export function readQuestion(message: Buffer): Question | undefined {
  if (message.length < headerBytes + 5 || (message[2] as number) & 0x80 || message.readUInt16BE(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = headerBytes;
  for (;;) {
    const length = message[at];
    // Names of questions are never compressed.
    if (length === undefined || length > 63) return undefined;
    at += 1;
    if (length === 0) break;
    if (at + length > message.length) return undefined;
    labels.push(message.toString('latin1', at, at + length));
    at += length;
  }
  if (at + 4 > message.length) return undefined;
  return { id: message.readUInt16BE(0), name: labels.join('.'), type: message.readUInt16BE(at), bytes: message.subarray(headerBytes, at + 4), recursionDesired: ((message[2] as number) & 1) === 1 };
}

export function writeAnswer(question: Question, answer: NameAnswer): Buffer {
  const records = recordsOf(question, answer);
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(question.id, 0);
  // A response, authoritative, that would recurse if there were anywhere to go; NXDOMAIN for an unknown name.
  header[2] = 0x84 | (question.recursionDesired ? 1 : 0);
  header[3] = 0x80 | (answer.kind === 'unknown' ? 3 : 0);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, question.bytes, ...records]);
}

function recordsOf(question: Question, answer: NameAnswer): Buffer[] {
  switch (answer.kind) {
    case 'unknown':
      return [];
    case 'alias':
      return [record(typeCname, nameBytes(answer.name))];
    case 'addresses':
      // A name that has no address of the wanted family is there all the same.
      return question.type === typeA ? answer.addresses.map((address) => record(typeA, Buffer.from(address.split('.').map(Number)))) : [];
  }
}

/** For the name of the question, which a pointer to its place stands for. */
function record(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc000 | headerBytes, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(ttlSeconds, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function nameBytes(name: string): Buffer {
  const labels = name.replace(/\.$/, '').split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}
