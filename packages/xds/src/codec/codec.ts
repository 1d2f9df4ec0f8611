/**
 * Canonical proto3 JSON to wire bytes and back, for the messages of a descriptor. Maps are written in the
 * order of their keys, so equal values always give equal bytes.
 */
import type { Checked } from '@sluice/kernel';

import type { JsonObject } from './json.ts';

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
