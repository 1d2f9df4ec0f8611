/**
 * Descriptors as `FileDescriptorProto`s, which reflection gives to tools. Which file a message came from is not kept, so files
 * are made anew: one for each message with those that it needs and that need it. Types that need each other come from one
 * file in any case, so what is made has no cycles either.
 */
import type { DescriptorJson, FieldJson } from './descriptor.ts';
import { encodeFile, type EnumNode, type FileNode, type MessageNode, type ServiceDescription } from './file-descriptor-wire.ts';
import { wellKnownDescriptors, wellKnownFiles } from './well-known-descriptors.ts';

export class FileDescriptors {
  readonly #files = new Map<string, FileNode>();
  readonly #fileOf = new Map<string, string>();
  readonly services: readonly string[];

  constructor(sources: readonly DescriptorJson[], services: readonly ServiceDescription[]) {
    const types = collect([...sources, wellKnownDescriptors]);
    for (const [name, file] of groupByCycles(types)) this.#fileOf.set(name, file);
    for (const [name, file] of this.#fileOf) this.#addType(name, file, types);
    for (const service of services) this.#addService(service);
    this.services = services.map(({ name }) => name);
  }

  get names(): readonly string[] {
    return [...this.#files.keys()];
  }

  /** The file, encoded; undefined for one that is not here. */
  byName(name: string): Uint8Array | undefined {
    const file = this.#files.get(name);
    return file && encodeFile(file);
  }

  /** The file that declares a message, an enum, a service, or a method or field of one. */
  containing(symbol: string): Uint8Array | undefined {
    for (let name = symbol; name.includes('.'); name = name.slice(0, name.lastIndexOf('.'))) {
      const file = this.#fileOf.get(name) ?? this.#fileOf.get(topLevelOf(name));
      if (file !== undefined) return this.byName(file);
    }
    return undefined;
  }

  #addType(name: string, fileName: string, types: ReadonlyMap<string, TopLevel>): void {
    const type = types.get(name) as TopLevel;
    const file = this.#fileNode(fileName, packageOf(name));
    if (type.kind === 'enum') file.enums.push(type.node);
    else file.messages.push(type.node);
    for (const reference of referencesOf(type)) {
      const target = this.#fileOf.get(reference);
      if (target !== undefined && target !== fileName) file.dependencies.add(target);
    }
  }

  #addService(service: ServiceDescription): void {
    const fileName = `${service.name}.proto`;
    const file = this.#fileNode(fileName, packageOf(service.name));
    file.services.push(service);
    this.#fileOf.set(service.name, fileName);
    for (const { request, response } of service.methods) {
      for (const message of [request, response]) {
        const target = this.#fileOf.get(topLevelOf(message));
        if (target !== undefined) file.dependencies.add(target);
      }
    }
  }

  #fileNode(name: string, packageName: string): FileNode {
    let file = this.#files.get(name);
    if (!file) this.#files.set(name, (file = { name, packageName, dependencies: new Set(), messages: [], enums: [], services: [] }));
    return file;
  }
}

type TopLevel = { readonly kind: 'message'; readonly node: MessageNode } | { readonly kind: 'enum'; readonly node: EnumNode };

/** `envoy.config.core.v3`: names of packages begin with a small letter, names of types with a capital one. */
function packageOf(name: string): string {
  return name.split('.').filter((_part, index, parts) => parts.slice(0, index + 1).every((part) => /^[a-z]/.test(part))).join('.');
}

function topLevelOf(name: string): string {
  const packageName = packageOf(name);
  const [first = ''] = name.slice(packageName.length + 1).split('.');
  return `${packageName}.${first}`;
}

function collect(sources: readonly DescriptorJson[]): ReadonlyMap<string, TopLevel> {
  const top = new Map<string, TopLevel>();
  const enumNames = new Set(sources.flatMap(({ enums }) => Object.keys(enums)));
  /** A message by its full name, made with the messages that it is nested in. */
  const messageAt = (fullName: string): MessageNode => {
    const parentName = fullName.slice(0, fullName.lastIndexOf('.'));
    const isTop = parentName === packageOf(fullName);
    const found = isTop ? top.get(fullName)?.node : messageAt(parentName).messages.find(({ name }) => fullName.endsWith(`.${name}`));
    if (found !== undefined) return found as MessageNode;
    const node: MessageNode = { fullName, name: fullName.slice(parentName.length + 1), fields: [], messages: [], enums: [] };
    if (isTop) top.set(fullName, { kind: 'message', node });
    else messageAt(parentName).messages.push(node);
    return node;
  };
  for (const { messages, enums } of sources) {
    for (const [name, fields] of Object.entries(messages)) {
      messageAt(name).fields = fields.map((field) => ({ ...field, isEnum: enumNames.has(field.type) }));
    }
    for (const [fullName, values] of Object.entries(enums)) {
      const parentName = fullName.slice(0, fullName.lastIndexOf('.'));
      const node: EnumNode = { name: fullName.slice(parentName.length + 1), values };
      if (parentName === packageOf(fullName)) top.set(fullName, { kind: 'enum', node });
      else messageAt(parentName).enums.push(node);
    }
  }
  return top;
}

/** The top-level types that a type's fields are of. */
function referencesOf(type: TopLevel): readonly string[] {
  if (type.kind === 'enum') return [];
  const visit = ({ fields, messages }: MessageNode): readonly string[] => [
    ...fields.filter(({ type: name }: FieldJson) => name.includes('.')).map(({ type: name }) => topLevelOf(name)),
    ...messages.flatMap(visit),
  ];
  return [...new Set(visit(type.node))];
}

/** Tarjan's components: types that need each other share a file. */
function groupByCycles(types: ReadonlyMap<string, TopLevel>): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const visit = (name: string): void => {
    order.set(name, order.size);
    low.set(name, order.get(name) as number);
    stack.push(name);
    for (const next of referencesOf(types.get(name) as TopLevel)) {
      if (!types.has(next)) continue;
      if (!order.has(next)) visit(next);
      if (!files.has(next)) low.set(name, Math.min(low.get(name) as number, low.get(next) as number));
    }
    if (low.get(name) !== order.get(name)) return;
    const members = stack.splice(stack.indexOf(name));
    const file = wellKnownFiles[name] ?? `${[...members].sort()[0]}.proto`;
    for (const member of members) files.set(member, wellKnownFiles[member] ?? file);
  };
  for (const name of types.keys()) if (!order.has(name)) visit(name);
  return files;
}
