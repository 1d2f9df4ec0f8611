/**
 * What the codec knows of messages: field numbers, names and types, read from the generated descriptor and
 * prepared message by message when one is first used, so that a large descriptor costs only its parsing.
 */

/** A field as generated. `type` is a scalar's name, or the full name of a message or enum. */
export interface FieldJson {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  /** The type of the keys, when the field is a map. */
  readonly mapKey?: string;
  readonly repeated?: boolean;
  /** `optional` in the proto: set to its default is different from not set. */
  readonly optional?: boolean;
  readonly oneof?: string;
}

export interface DescriptorJson {
  readonly messages: Readonly<Record<string, readonly FieldJson[]>>;
  readonly enums: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** How a value of a field is written: a scalar type of proto3, an enum, or a message. */
export type ValueKind =
  | { readonly kind: 'scalar'; readonly type: ScalarType }
  | { readonly kind: 'enum'; readonly values: EnumValues }
  | { readonly kind: 'message'; readonly name: string };

export interface EnumValues {
  readonly name: string;
  readonly byName: ReadonlyMap<string, number>;
  readonly byNumber: ReadonlyMap<number, string>;
}

export interface Field {
  readonly id: number;
  readonly name: string;
  readonly value: ValueKind;
  readonly cardinality: 'one' | 'repeated' | 'map';
  /** Only for maps. */
  readonly mapKey: ScalarType;
  /** Whether set-to-default must be kept apart from not set. */
  readonly hasPresence: boolean;
  readonly oneof: string | undefined;
}

export interface Message {
  readonly name: string;
  readonly fields: readonly Field[];
  readonly byId: ReadonlyMap<number, Field>;
  /** By original name and by lowerCamelCase name; both are accepted in JSON. */
  readonly byName: ReadonlyMap<string, Field>;
}

export const scalarTypes = [
  'double',
  'float',
  'int32',
  'uint32',
  'sint32',
  'fixed32',
  'sfixed32',
  'int64',
  'uint64',
  'sint64',
  'fixed64',
  'sfixed64',
  'bool',
  'string',
  'bytes',
] as const;

export type ScalarType = (typeof scalarTypes)[number];

/** The messages of one or more descriptors. */
export class Descriptor {
  readonly #sources: readonly DescriptorJson[];
  readonly #messages = new Map<string, Message>();
  readonly #enums = new Map<string, EnumValues>();

  constructor(sources: readonly DescriptorJson[]) {
    this.#sources = sources;
  }

  message(name: string): Message | undefined {
    const prepared = this.#messages.get(name);
    if (prepared) return prepared;
    for (const source of this.#sources) {
      if (!Object.hasOwn(source.messages, name)) continue;
      const message = this.#prepare(name, source.messages[name] as readonly FieldJson[]);
      this.#messages.set(name, message);
      return message;
    }
    return undefined;
  }

  #prepare(name: string, source: readonly FieldJson[]): Message {
    const fields = source.map((field) => this.#field(field));
    const byName = new Map<string, Field>();
    for (const field of fields) {
      byName.set(lowerCamel(field.name), field);
      byName.set(field.name, field);
    }
    return { name, fields, byId: new Map(fields.map((field) => [field.id, field])), byName };
  }

  #field(source: FieldJson): Field {
    const value = this.#valueKind(source.type);
    return {
      id: source.id,
      name: source.name,
      value,
      cardinality: source.mapKey !== undefined ? 'map' : source.repeated === true ? 'repeated' : 'one',
      mapKey: isScalarType(source.mapKey ?? 'string') ? ((source.mapKey ?? 'string') as ScalarType) : 'string',
      hasPresence: value.kind === 'message' || source.optional === true || source.oneof !== undefined,
      oneof: source.oneof,
    };
  }

  #valueKind(type: string): ValueKind {
    if (isScalarType(type)) return { kind: 'scalar', type };
    const values = this.#enumValues(type);
    return values ? { kind: 'enum', values } : { kind: 'message', name: type };
  }

  #enumValues(name: string): EnumValues | undefined {
    const prepared = this.#enums.get(name);
    if (prepared) return prepared;
    for (const source of [...this.#sources, builtInEnums]) {
      if (!Object.hasOwn(source.enums, name)) continue;
      const entries = Object.entries(source.enums[name] as Readonly<Record<string, number>>);
      // With aliases the first name of a number is the one to print.
      const byNumber = new Map(entries.toReversed().map(([label, number]) => [number, label]));
      const values: EnumValues = { name, byName: new Map(entries), byNumber };
      this.#enums.set(name, values);
      return values;
    }
    return undefined;
  }
}

const builtInEnums: Pick<DescriptorJson, 'enums'> = { enums: { 'google.protobuf.NullValue': { NULL_VALUE: 0 } } };

function isScalarType(type: string): type is ScalarType {
  return (scalarTypes as readonly string[]).includes(type);
}

/** proto3 JSON's name of a field: `connect_timeout` is `connectTimeout`. */
function lowerCamel(name: string): string {
  return name.replace(/_+([a-zA-Z0-9])/g, (_match, letter: string) => letter.toUpperCase());
}
