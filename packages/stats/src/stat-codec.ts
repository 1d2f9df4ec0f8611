/**
 * Statistics as bytes: `Stat`, which a pod answers a scrape with, and `WireStatMessages`, which activators send. Written by
 * hand, since it is ten fields, and a library would cost more than the rest of a sidecar's start.
 * https://github.com/knative/serving/blob/main/pkg/autoscaler/metrics/stat.proto
 */
import { Buffer } from 'node:buffer';
import { emptyStat, type StatMessage, type WireStat } from './stat-message.ts';
import { MalformedWire, WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

/** Media type of a scraped `Stat`: what scrapers accept, and what pods answer with. */
export const statMediaType = 'application/protobuf';

/** One `Stat`, field by field in the order of their numbers, as Go writes it. */
export function encodeStat(stat: WireStat): Buffer {
  const writer = new WireWriter();
  writeStat(writer, stat);
  return writer.finish();
}

/** One `WireStatMessages`: the payload of a binary message on the websocket. */
export function encodeStatMessages(messages: readonly StatMessage[]): Buffer {
  const writer = new WireWriter();
  for (const { namespace, name, stat } of messages) {
    writer.message(1, () => {
      writer.text(1, namespace);
      writer.text(2, name);
      writer.message(3, () => writeStat(writer, stat));
    });
  }
  return writer.finish();
}

/** Undefined when the bytes are no `Stat`. Unknown fields are passed over. */
export function decodeStat(bytes: Uint8Array): WireStat | undefined {
  return unlessMalformed(() => readStat(new WireReader(bufferOf(bytes)), emptyStat('')));
}

/** Undefined when the bytes are no `WireStatMessages`; a message without a stat has an empty one. */
export function decodeStatMessages(bytes: Uint8Array): readonly StatMessage[] | undefined {
  return unlessMalformed(() => {
    const reader = new WireReader(bufferOf(bytes));
    const messages: StatMessage[] = [];
    while (reader.next()) {
      if (reader.field === 1 && reader.isMessage()) messages.push(readMessage(reader.message()));
      else reader.skip();
    }
    return messages;
  });
}

function writeStat(writer: WireWriter, stat: WireStat): void {
  writer.text(1, stat.podName);
  writer.double(2, stat.averageConcurrentRequests);
  writer.double(3, stat.averageProxiedConcurrentRequests);
  writer.double(4, stat.requestCount);
  writer.double(5, stat.proxiedRequestCount);
  writer.double(6, stat.processUptimeSeconds);
  writer.int64(7, stat.timestampSeconds);
}

function readMessage(reader: WireReader): StatMessage {
  let namespace = '';
  let name = '';
  let stat = emptyStat('');
  while (reader.next()) {
    if (reader.field === 1 && reader.isMessage()) namespace = reader.text();
    else if (reader.field === 2 && reader.isMessage()) name = reader.text();
    // A message that comes twice is merged, as protobuf has it.
    else if (reader.field === 3 && reader.isMessage()) stat = readStat(reader.message(), stat);
    else reader.skip();
  }
  return { namespace, name, stat };
}

function readStat(reader: WireReader, before: WireStat): WireStat {
  const stat = { ...before };
  while (reader.next()) {
    if (reader.field === 1 && reader.isMessage()) stat.podName = reader.text();
    else if (reader.field === 2 && reader.isDouble()) stat.averageConcurrentRequests = reader.double();
    else if (reader.field === 3 && reader.isDouble()) stat.averageProxiedConcurrentRequests = reader.double();
    else if (reader.field === 4 && reader.isDouble()) stat.requestCount = reader.double();
    else if (reader.field === 5 && reader.isDouble()) stat.proxiedRequestCount = reader.double();
    else if (reader.field === 6 && reader.isDouble()) stat.processUptimeSeconds = reader.double();
    else if (reader.field === 7 && reader.isVarint()) stat.timestampSeconds = reader.int64();
    else reader.skip();
  }
  return stat;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function unlessMalformed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof MalformedWire) return undefined;
    throw error;
  }
}
