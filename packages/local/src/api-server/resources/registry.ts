/** All kinds the server serves now: the built-in ones, and those that definitions have added. */
import type { ResourceKind } from './resource-kind.ts';

export class Registry {
  readonly #builtin: readonly ResourceKind[];
  /** By the name of the definition that brought them. */
  readonly #custom = new Map<string, readonly ResourceKind[]>();
  readonly #byPath = new Map<string, ResourceKind>();
  #revision = 0;

  constructor(builtin: readonly ResourceKind[]) {
    this.#builtin = builtin;
    this.#rebuild();
  }

  /** Grows when kinds come or go. */
  get revision(): number {
    return this.#revision;
  }

  /** Built-in kinds first, then custom ones by group, version and plural. */
  kinds(): ResourceKind[] {
    const custom = [...this.#custom.values()].flat();
    custom.sort((a, b) => compareText(a.group, b.group) || compareText(a.version, b.version) || compareText(a.plural, b.plural));
    return [...this.#builtin, ...custom];
  }

  find(group: string, version: string, plural: string): ResourceKind | undefined {
    return this.#byPath.get(`${group}/${version}/${plural}`);
  }

  /** A kind by what objects say about themselves. */
  findKind(apiVersion: string, kind: string): ResourceKind | undefined {
    return this.kinds().find((one) => one.apiVersion === apiVersion && one.kind === kind);
  }

  /** One of the kinds kept under `<group>/<plural>`: the one whose version is kept, where there are several. */
  storedKind(storedAs: string): ResourceKind | undefined {
    const kinds = this.kinds().filter((one) => one.storedAs === storedAs);
    return kinds.find((one) => one.apiVersion === one.storedVersion) ?? kinds[0];
  }

  /** Whether a group has kinds of the server's own. Of others only the kinds are known, not the group. */
  hasBuiltinGroup(group: string): boolean {
    return this.#builtin.some((kind) => kind.group === group);
  }

  setCustom(definition: string, kinds: readonly ResourceKind[]): void {
    this.#custom.set(definition, kinds);
    this.#rebuild();
  }

  removeCustom(definition: string): void {
    if (this.#custom.delete(definition)) this.#rebuild();
  }

  #rebuild(): void {
    this.#byPath.clear();
    for (const kind of this.kinds()) {
      this.#byPath.set(`${kind.group}/${kind.version}/${kind.plural}`, kind);
    }
    this.#revision += 1;
  }
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
