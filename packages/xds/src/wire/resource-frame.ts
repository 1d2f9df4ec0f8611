/**
 * A resource as bytes that are made once and sent to many: in one buffer the field of a delta response that carries it,
 * in that the `Any`, and in that the resource's own bytes.
 */
import protobuf from 'protobufjs/minimal.js';

import type { EncodedResource, WrappedResource } from '../discovery.ts';
import type { TypeUrl } from '../type-urls.ts';

export interface FramedResource {
  /** For state-of-the-world responses. */
  readonly encoded: EncodedResource;
  /** For delta responses. */
  readonly wrapped: WrappedResource;
}

/** `resources` 2 of a delta response { version 1, name 3, resource 2 { type_url 1, value 2 } }, in this order. */
export function frameResource(typeUrl: TypeUrl, name: string, version: string, value: Uint8Array): FramedResource {
  const any = protobuf.Writer.create();
  any.uint32((1 << 3) | 2).string(typeUrl);
  any.uint32((2 << 3) | 2).bytes(value);
  const anyBytes = any.finish();
  const frame = protobuf.Writer.create();
  frame.uint32((2 << 3) | 2).fork();
  frame.uint32((1 << 3) | 2).string(version);
  frame.uint32((3 << 3) | 2).string(name);
  frame.uint32((2 << 3) | 2).bytes(anyBytes);
  frame.ldelim();
  const bytes = frame.finish();
  // What is inside stands at the end of what is round it, so these are views and not copies.
  const encoded = {
    typeUrl,
    value: bytes.subarray(bytes.length - value.length),
    any: bytes.subarray(bytes.length - anyBytes.length),
  };
  return { encoded, wrapped: { name, version, resource: encoded, frame: bytes } };
}
