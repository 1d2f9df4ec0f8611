/** A second opinion on messages and their JSON: Buf's implementation, fed with the same descriptors. */
import { createFileRegistry, fromBinary, fromJson, toBinary, toJson, type DescMessage, type FileRegistry, type JsonValue } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, type FileDescriptorProto } from '@bufbuild/protobuf/wkt';
import { loadFileDescriptors } from '@sluice/xds/testing';

export type Opinion<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

export class ProtobufOracle {
  readonly #registry: FileRegistry;

  private constructor(registry: FileRegistry) {
    this.#registry = registry;
  }

  static async load(scope: 'core' | 'admin'): Promise<ProtobufOracle> {
    const files = new Map([...(await loadFileDescriptors(scope))].map(([name, bytes]) => [name, fromBinary(FileDescriptorProtoSchema, bytes)]));
    const ordered = new Map<string, FileDescriptorProto>();
    const visit = (name: string): void => {
      const file = files.get(name);
      if (!file || ordered.has(name)) return;
      for (const dependency of file.dependency) visit(dependency);
      ordered.set(name, file);
    };
    for (const name of files.keys()) visit(name);
    const set = { $typeName: 'google.protobuf.FileDescriptorSet' as const, file: [...ordered.values()] };
    return new ProtobufOracle(createFileRegistry(set));
  }

  find(name: string): DescMessage | undefined {
    return this.#registry.getMessage(name);
  }

  message(name: string): DescMessage {
    const found = this.find(name);
    if (!found) throw new Error(`no message ${name}`);
    return found;
  }

  /** JSON → bytes. */
  encode(messageName: string, json: JsonValue): Opinion<Uint8Array> {
    const message = this.message(messageName);
    return attempt(() => toBinary(message, fromJson(message, json, { registry: this.#registry })));
  }

  /** Whether bytes are a message at all, whatever JSON makes of it: written anew, without what is not known. */
  rewrite(messageName: string, bytes: Uint8Array): Opinion<Uint8Array> {
    const message = this.message(messageName);
    return attempt(() => toBinary(message, fromBinary(message, bytes, { readUnknownFields: false }), { writeUnknownFields: false }));
  }

  /** Bytes → JSON with original names. */
  decode(messageName: string, bytes: Uint8Array): Opinion<JsonValue> {
    const message = this.message(messageName);
    return attempt(() => toJson(message, fromBinary(message, bytes), { registry: this.#registry, useProtoFieldName: true }));
  }
}

function attempt<T>(act: () => T): Opinion<T> {
  try {
    return { ok: true, value: act() };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
