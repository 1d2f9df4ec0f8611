/**
 * What the config service passes on to autoscalers, as bytes. Put together by hand: it is the message of which there are most, one
 * entry for each pod in each second, and the way through JSON took five times as long as all that is done with it.
 */
import protobuf from 'protobufjs/minimal.js';
import { eachField, endOfNested, readText } from '../codec/framing.ts';
import type { ColdStartLoad, RevisionLoad, StreamLoadResponse } from '../load/revision-load.ts';
import { readFields } from './discovery-wire.ts';

const messageName = 'sluice.load.v1.StreamLoadResponse';

const varint = 0;
const fixed64 = 1;
const lengthFirst = 2;

/** Numbers of `RevisionLoad`'s fields. */
const field = {
  namespace: 1,
  revision: 2,
  podName: 3,
  source: 4,
  averageConcurrentRequests: 5,
  averageProxiedConcurrentRequests: 6,
  requestCount: 7,
  proxiedRequestCount: 8,
  requestsInProgress: 9,
  interval: 10,
  receivedAt: 11,
  coldStart: 12,
} as const;

/** Numbers of `ColdStart`'s fields. */
const coldStartField = { waitMs: 1, firstByteMs: 2 } as const;

/** Numbers of `Source`. */
const sidecar = 1;
const activator = 2;

export function encodeStreamLoadResponse({ loads }: StreamLoadResponse): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const load of loads) {
    writer.uint32(tagOf(1, lengthFirst)).fork();
    writeLoad(writer, load);
    writer.ldelim();
  }
  return writer.finish();
}

export function decodeStreamLoadResponse(bytes: Uint8Array): StreamLoadResponse {
  const loads: RevisionLoad[] = [];
  readFields(messageName, bytes, (tag, reader) => {
    if (tag === tagOf(1, lengthFirst)) loads.push(readLoad(reader, endOfNested(reader, reader.len)));
    else reader.skipType(tag & 7);
  });
  return { loads };
}

function tagOf(id: number, wireType: number): number {
  return (id << 3) | wireType;
}

function writeLoad(writer: protobuf.Writer, load: RevisionLoad): void {
  const text = (id: number, value: string) => value === '' || writer.uint32(tagOf(id, lengthFirst)).string(value);
  const double = (id: number, value: number) => value === 0 || writer.uint32(tagOf(id, fixed64)).double(value);
  text(field.namespace, load.namespace);
  text(field.revision, load.revision);
  text(field.podName, load.podName);
  writer.uint32(tagOf(field.source, varint)).uint32(load.source === 'ACTIVATOR' ? activator : sidecar);
  double(field.averageConcurrentRequests, load.averageConcurrentRequests);
  double(field.averageProxiedConcurrentRequests, load.averageProxiedConcurrentRequests);
  double(field.requestCount, load.requestCount);
  double(field.proxiedRequestCount, load.proxiedRequestCount);
  if (load.requestsInProgress !== 0) writer.uint32(tagOf(field.requestsInProgress, varint)).uint64(load.requestsInProgress);
  writeTime(writer, field.interval, load.intervalMs);
  writeTime(writer, field.receivedAt, load.receivedAt);
  if (load.coldStart) writeColdStart(writer, load.coldStart);
}

function writeColdStart(writer: protobuf.Writer, { waitMs, firstByteMs }: ColdStartLoad): void {
  writer.uint32(tagOf(field.coldStart, lengthFirst)).fork();
  if (waitMs !== 0) writer.uint32(tagOf(coldStartField.waitMs, fixed64)).double(waitMs);
  if (firstByteMs !== 0) writer.uint32(tagOf(coldStartField.firstByteMs, fixed64)).double(firstByteMs);
  writer.ldelim();
}

/** Duration and Timestamp have the same fields: whole seconds, and the rest in ns, here to the µs. */
function writeTime(writer: protobuf.Writer, id: number, ms: number): void {
  const us = Math.round(ms * 1000);
  const seconds = Math.floor(us / 1e6);
  const nanos = (us - seconds * 1e6) * 1000;
  writer.uint32(tagOf(id, lengthFirst)).fork();
  if (seconds !== 0) writer.uint32(tagOf(1, varint)).int64(seconds);
  if (nanos !== 0) writer.uint32(tagOf(2, varint)).int32(nanos);
  writer.ldelim();
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function readLoad(reader: protobuf.Reader, end: number): RevisionLoad {
  const load: Mutable<RevisionLoad> = {
    namespace: '',
    revision: '',
    podName: '',
    source: 'SIDECAR',
    averageConcurrentRequests: 0,
    averageProxiedConcurrentRequests: 0,
    requestCount: 0,
    proxiedRequestCount: 0,
    requestsInProgress: 0,
    intervalMs: 0,
    receivedAt: 0,
  };
  eachField(reader, end, (tag) => {
    switch (tag) {
      case tagOf(field.namespace, lengthFirst):
        load.namespace = readText(reader);
        return true;
      case tagOf(field.revision, lengthFirst):
        load.revision = readText(reader);
        return true;
      case tagOf(field.podName, lengthFirst):
        load.podName = readText(reader);
        return true;
      case tagOf(field.source, varint):
        load.source = readWhole(reader) === activator ? 'ACTIVATOR' : 'SIDECAR';
        return true;
      case tagOf(field.averageConcurrentRequests, fixed64):
        load.averageConcurrentRequests = reader.double();
        return true;
      case tagOf(field.averageProxiedConcurrentRequests, fixed64):
        load.averageProxiedConcurrentRequests = reader.double();
        return true;
      case tagOf(field.requestCount, fixed64):
        load.requestCount = reader.double();
        return true;
      case tagOf(field.proxiedRequestCount, fixed64):
        load.proxiedRequestCount = reader.double();
        return true;
      case tagOf(field.requestsInProgress, varint):
        load.requestsInProgress = readWhole(reader);
        return true;
      case tagOf(field.interval, lengthFirst):
        load.intervalMs = readTime(reader, endOfNested(reader, end));
        return true;
      case tagOf(field.receivedAt, lengthFirst):
        load.receivedAt = readTime(reader, endOfNested(reader, end));
        return true;
      case tagOf(field.coldStart, lengthFirst):
        load.coldStart = readColdStart(reader, endOfNested(reader, end));
        return true;
      default:
        return false;
    }
  });
  return load;
}

function readColdStart(reader: protobuf.Reader, end: number): ColdStartLoad {
  let waitMs = 0;
  let firstByteMs = 0;
  eachField(reader, end, (tag) => {
    if (tag === tagOf(coldStartField.waitMs, fixed64)) waitMs = reader.double();
    else if (tag === tagOf(coldStartField.firstByteMs, fixed64)) firstByteMs = reader.double();
    else return false;
    return true;
  });
  return { waitMs, firstByteMs };
}

function readTime(reader: protobuf.Reader, end: number): number {
  let seconds = 0;
  let nanos = 0;
  eachField(reader, end, (tag) => {
    if (tag === tagOf(1, varint)) seconds = readWhole(reader);
    else if (tag === tagOf(2, varint)) nanos = readWhole(reader);
    else return false;
    return true;
  });
  // To the µs and back, so that a time comes out as it went in.
  return (seconds * 1e6 + Math.round(nanos / 1000)) / 1000;
}

/** A number of any length that is not negative, as near as a double comes to it. */
function readWhole(reader: protobuf.Reader): number {
  const { buf, len } = reader;
  let value = 0;
  let factor = 1;
  for (let at = reader.pos; at < len && at < reader.pos + 10; at += 1) {
    const byte = buf[at] as number;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) {
      reader.pos = at + 1;
      return value;
    }
    factor *= 128;
  }
  throw new RangeError(`a number at byte ${reader.pos} has no end`);
}
