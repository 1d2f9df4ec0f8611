/**
 * Canonical proto3 JSON to wire bytes and back, for the messages of a descriptor. Maps are written in the
 * order of their keys, so equal values always give equal bytes.
 */
import { problem, type Checked } from '@sluice/kernel';
import protobuf from 'protobufjs/minimal.js';

import { Descriptor, type DescriptorJson } from './descriptor.ts';
import type { JsonObject } from './json.ts';
import { JsonToWire } from './json-to-wire.ts';
import { WireToJson } from './wire-to-json.ts';

export interface DecodedMessage {
  /** Original snake_case names; fields at their default are left out, as proto3 JSON has it. */
  readonly value: JsonObject;
  /** How many fields on the wire the descriptor does not know, at any depth. They are skipped, as Envoy does. */
  readonly unknownFields: number;
}

export interface Codec {
  /** Whether the descriptor has this message, by full name without a leading dot. */
  knows(messageName: string): boolean;
  /** Bytes, or every unknown key, wrong type and bad value with its path. */
  encode(messageName: string, value: JsonObject): Checked<Uint8Array>;
  /** The value, or why the bytes are not such a message. */
  decode(messageName: string, bytes: Uint8Array): Checked<DecodedMessage>;
}

/** A codec for the messages of all of `sources`. */
export function createCodec(sources: readonly DescriptorJson[]): Codec {
  const descriptor = new Descriptor(sources);
  return {
    knows: (messageName) => descriptor.message(messageName) !== undefined,
    encode(messageName, value) {
      const writer = protobuf.Writer.create();
      const walk = new JsonToWire(descriptor);
      walk.write(writer, messageName, value, '');
      if (walk.problems.length > 0) return { ok: false, problems: walk.problems };
      return { ok: true, value: writer.finish(), problems: [] };
    },
    decode(messageName, bytes) {
      const message = descriptor.message(messageName);
      if (message === undefined) return refuse(`type ${messageName} is not known here`);
      const walk = new WireToJson(descriptor);
      try {
        const value = walk.readAll(message, bytes);
        return { ok: true, value: { value, unknownFields: walk.unknownFields }, problems: [] };
      } catch (error) {
        // protobufjs says by throwing that bytes end early or make no sense.
        const reason = error instanceof Error ? error.message : String(error);
        return refuse(`${bytes.length} bytes are not a ${messageName}: ${reason}`);
      }
    },
  };
}

function refuse(message: string): Checked<DecodedMessage> {
  return { ok: false, problems: [problem('', message)] };
}
