/**
 * A place in a schema, with what the server asks of it: which fields there are, how lists merge, who may
 * own what. Built from OpenAPI v3 as Kubernetes writes it: for built-in kinds definitions that refer to
 * each other, for custom kinds the structural schema of their definition.
 *
 * Nodes are made when first asked for, so a schema that refers to itself is no special case.
 */
import type { Json, JsonObject } from '../json.ts';
import { isObject, listAt, textAt } from '../json.ts';

export type SchemaType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
/** How a list merges: as one value, as a set of scalars, or by the key fields of its items. */
export type ListKind = 'atomic' | 'set' | 'map';

const REF_PREFIX = '#/components/schemas/';

export class SchemaNode {
  /** The schema here, references resolved one level. */
  readonly raw: JsonObject;
  /** The OpenAPI name of the built-in type that stands here by reference, or `''`. */
  readonly typeName: string;
  readonly #definitions: JsonObject | undefined;
  /** Fields whose schema was given from elsewhere. */
  readonly #given: ReadonlySet<string>;
  readonly #children = new Map<string, SchemaNode | undefined>();
  /** Of all keys of a map. */
  #additional: SchemaNode | undefined;
  #items: SchemaNode | undefined;
  #fields: readonly string[] | undefined;
  #names: ReadonlySet<string> | undefined;
  #listKeys: readonly string[] | undefined;
  #empty: JsonObject | undefined;

  /**
   * @param definitions what `$ref` points into: given for built-in kinds only
   * @param children fields whose schema stands elsewhere: the metadata of custom kinds
   */
  constructor(raw: JsonObject, definitions?: JsonObject, children: Readonly<Record<string, SchemaNode>> = {}) {
    this.#definitions = definitions;
    this.typeName = definitions ? referenceIn(raw) : '';
    this.raw = resolve(raw, this.typeName, definitions);
    this.#given = new Set(Object.keys(children));
    for (const [name, child] of Object.entries(children)) this.#children.set(name, child);
  }

  /** Built-in kinds have typed fields: null means absent, and wrong types cannot even be read. */
  get isBuiltin(): boolean {
    return this.#definitions !== undefined;
  }

  get type(): SchemaType | undefined {
    const type = textAt(this.raw, 'type');
    return type === '' ? undefined : (type as SchemaType);
  }

  get isIntOrString(): boolean {
    return this.raw['x-kubernetes-int-or-string'] === true || this.raw['format'] === 'int-or-string';
  }

  get isNullable(): boolean {
    return this.raw['nullable'] === true;
  }

  /** A whole object of some kind stands here, with its own apiVersion, kind and metadata. */
  get isEmbeddedResource(): boolean {
    return this.raw['x-kubernetes-embedded-resource'] === true;
  }

  /** Fields that are not named here stay. */
  get keepsUnknown(): boolean {
    if (this.raw['x-kubernetes-preserve-unknown-fields'] === true) return true;
    if (!this.isBuiltin) return false;
    // A built-in type without any field named is a placeholder for arbitrary JSON.
    return !isObject(this.raw['properties']) && this.raw['additionalProperties'] === undefined;
  }

  /** Whether a field is named here, and not only allowed as a key of a map or an unknown one. */
  names(name: string): boolean {
    return this.#given.has(name) || this.hasField(name);
  }

  /** The names of the fields that stand in the schema. */
  get fields(): readonly string[] {
    this.#fields ??= Object.keys(isObject(this.raw['properties']) ? this.raw['properties'] : {});
    return this.#fields;
  }

  /** Whether a field of that name stands in the schema. */
  hasField(name: string): boolean {
    this.#names ??= new Set(this.fields);
    return this.#names.has(name);
  }

  get required(): readonly string[] {
    return listAt(this.raw, 'required').map(String);
  }

  /**
   * What a typed server holds here before anything is set: the structs and lists that cannot be absent. For reading only. Empty for
   * custom kinds. OpenAPI says of such a struct that it is `{}` by default, and of such a list that it is required.
   */
  get empty(): JsonObject {
    this.#empty ??= this.#makeEmpty();
    return this.#empty;
  }

  #makeEmpty(): JsonObject {
    const object: JsonObject = {};
    if (!this.isBuiltin) return object;
    for (const name of this.fields) {
      const child = this.child(name);
      if (!child || (name === 'metadata' && this.fields.includes('apiVersion'))) continue;
      const byDefault = child.raw['default'];
      if (isObject(byDefault) && Object.keys(byDefault).length === 0) object[name] = child.empty;
      else if (child.type === 'array' && this.required.includes(name)) object[name] = [];
    }
    return object;
  }

  /** The schema of one field: its own, or that of all values of a map. Undefined: not known. */
  child(name: string): SchemaNode | undefined {
    const known = this.#children.get(name);
    if (known !== undefined || this.#children.has(name)) return known;
    const properties = this.raw['properties'];
    // Keys of a map come from outside; only those of a struct are worth keeping by name.
    if (!isObject(properties) || !Object.hasOwn(properties, name)) return (this.#additional ??= this.#make(this.raw['additionalProperties']));
    const made = this.#make(properties[name]);
    this.#children.set(name, made);
    return made;
  }

  #make(raw: Json | undefined): SchemaNode | undefined {
    if (isObject(raw)) return new SchemaNode(raw, this.#definitions);
    return raw === true ? anything() : undefined;
  }

  /** The schema of a list's items. */
  get items(): SchemaNode {
    if (!this.#items) {
      const raw = this.raw['items'];
      this.#items = isObject(raw) ? new SchemaNode(raw, this.#definitions) : anything();
    }
    return this.#items;
  }

  get listKind(): ListKind {
    const kind = this.raw['x-kubernetes-list-type'];
    return kind === 'set' || kind === 'map' ? kind : 'atomic';
  }

  get listKeys(): readonly string[] {
    this.#listKeys ??= listAt(this.raw, 'x-kubernetes-list-map-keys').map(String);
    return this.#listKeys;
  }

  /** The whole map has one owner. */
  get isAtomicMap(): boolean {
    return this.raw['x-kubernetes-map-type'] === 'atomic';
  }

  /** The field that tells items apart in a strategic merge patch. */
  get patchMergeKey(): string | undefined {
    const key = this.raw['x-kubernetes-patch-merge-key'];
    return typeof key === 'string' ? key : undefined;
  }

  hasPatchStrategy(strategy: 'merge' | 'replace' | 'retainKeys'): boolean {
    return textAt(this.raw, 'x-kubernetes-patch-strategy').split(',').includes(strategy);
  }
}

/** No knowledge: every field stays, maps merge field by field, lists are one value. */
export function anything(): SchemaNode {
  return new SchemaNode({ 'x-kubernetes-preserve-unknown-fields': true });
}

/** `{allOf: [{$ref}], description, …}` is how a reference carries more words; the words here win. */
function resolve(raw: JsonObject, typeName: string, definitions: JsonObject | undefined): JsonObject {
  const target = definitions?.[typeName];
  if (!isObject(target)) return raw;
  const { allOf: _all, $ref: _reference, ...own } = raw;
  return { ...target, ...own };
}

function referenceIn(raw: JsonObject): string {
  const parts = listAt(raw, 'allOf');
  const only = parts.length === 1 ? parts[0] : undefined;
  return textAt(isObject(only) ? only : raw, '$ref').slice(REF_PREFIX.length);
}
