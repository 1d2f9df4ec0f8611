/**
 * A snapshot for clients that do not ask for virtual hosts one by one: each table has its hosts in it. All else is the
 * same objects. A table is put together from the bytes that its hosts have already, so that ten thousand of them cost
 * what copying them costs.
 */

import type { Codec } from '../codec/codec.ts';
import { messageNameOf, typeUrls } from '../type-urls.ts';
import { fieldHead } from '../wire/discovery-wire.ts';
import { emptySnapshot, versionedResource, type ResourceSet, type Snapshot, type VersionedResource } from './snapshot.ts';
import { emptySetVersion, versionOfChangedSet } from './content-version.ts';

/** `RouteConfiguration.virtual_hosts`. */
const virtualHostsField = 2;

export class InlineHosts {
  readonly #codec: Codec;
  #last: { readonly source: Snapshot; readonly tables: ResourceSet | undefined } = { source: emptySnapshot, tables: undefined };

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  /** The same with hosts in their tables. Where neither hosts nor tables are others than last time, the tables are the same. */
  of(source: Snapshot): Snapshot {
    const types = new Map(source.types);
    const hosts = source.types.get(typeUrls.virtualHost);
    const tables = source.types.get(typeUrls.routeConfiguration);
    types.delete(typeUrls.virtualHost);
    if (tables) {
      const { source: before, tables: made } = this.#last;
      const isSame = before.types.get(typeUrls.virtualHost) === hosts && before.types.get(typeUrls.routeConfiguration) === tables;
      const joined = isSame && made ? made : this.#join(tables, hosts);
      types.set(typeUrls.routeConfiguration, joined);
      this.#last = { source, tables: joined };
    }
    return { types };
  }

  #join(tables: ResourceSet, hosts: ResourceSet | undefined): ResourceSet {
    const byTable = Map.groupBy(hosts?.resources.values() ?? [], ({ name }) => tableOf(name));
    const resources = [...tables.resources.values()].map((table) => {
      if (table.value['vhds'] === undefined) return table;
      const own = (byTable.get(table.name) ?? []).sort((a, b) => (a.name < b.name ? -1 : 1));
      const before = this.#last.tables?.resources.get(table.name);
      const joined = this.#joinOne(table, own);
      return before?.version === joined.version ? before : joined;
    });
    return { version: versionOfChangedSet(emptySetVersion, resources.map(({ share }) => share)), resources: new Map(resources.map((resource) => [resource.name, resource])) };
  }

  #joinOne(table: VersionedResource, hosts: readonly VersionedResource[]): VersionedResource {
    const { vhds: _, ...frame } = table.value;
    const encoded = this.#codec.encode(messageNameOf(table.typeUrl), frame);
    // It was encoded before with one field more.
    if (!encoded.ok) throw new Error(`${table.name}: ${JSON.stringify(encoded.problems)}`);
    const parts = hosts.flatMap(({ encoded: { value } }) => [fieldHead(virtualHostsField, value.length), value]);
    const inline = Array.isArray(frame['virtual_hosts']) ? frame['virtual_hosts'] : [];
    const value = { ...frame, virtual_hosts: [...inline, ...hosts.map((host) => host.value)] };
    return versionedResource({ typeUrl: table.typeUrl, name: table.name, value }, Buffer.concat([encoded.value, ...parts]));
  }
}

/** `table/domain`: a domain has no slash, a table may. */
function tableOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')));
}
