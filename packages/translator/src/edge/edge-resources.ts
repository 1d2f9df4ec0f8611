/** The edge model as resources of gateways: hosts in the tables of their ports, and who is used by them. */
import { noEdge, type EdgeHost, type EdgeModel, type EdgePart, type EdgeRule, type EdgeServer } from '@sluice/serving';

import type { GroupResources } from '../group-resources.ts';
import type { FilterUse } from '../listeners.ts';
import type { JsonObject } from '../resource.ts';
import type { RevisionUses } from '../revision-uses.ts';
import { VirtualHostResources } from '../virtual-host-resources.ts';
import { edgeTable, hasOwnListener, isTlsPort } from './edge-ports.ts';
import { ruleRoutes } from './rule-routes.ts';

export interface EdgeResourcesOptions {
  readonly group: GroupResources;
  readonly uses: RevisionUses;
  /** The tables that Knative's hosts are in, too. */
  readonly tables: ReadonlyMap<string, VirtualHostResources>;
}

/** Hosts of the edge begin so, which is no namespace. */
export const edgeHostPrefix = 'edge:';

export class EdgeResources {
  readonly #options: EdgeResourcesOptions;
  readonly #tables: Map<string, VirtualHostResources>;
  /** Of each table, the domains that it has. */
  readonly #domains = new Map<string, ReadonlySet<string>>();
  #model = noEdge;

  constructor(options: EdgeResourcesOptions) {
    this.#options = options;
    this.#tables = new Map(options.tables);
  }

  get model(): EdgeModel {
    return this.#model;
  }

  /** Takes over a model, and adds to `changed` whose use is another now. */
  write(model: EdgeModel, changed: Set<string>): void {
    this.#model = model;
    const served = new Map(model.servers.map((server) => [edgeTable(server.port), server]));
    for (const table of new Set([...this.#domains.keys(), ...served.keys()])) this.#writeTable(table, served.get(table), changed);
  }

  /** Ports with a listener of their own. */
  get ownServers(): readonly EdgeServer[] {
    return this.#model.servers.filter(({ port }) => hasOwnListener(port));
  }

  /** What the listener for HTTPS that is there anyway shows and hands on. */
  get tlsServer(): EdgeServer | undefined {
    return this.#model.servers.find(({ port }) => isTlsPort(port));
  }

  /** Which filters the routes of a table speak to. */
  filterUse(table: string): FilterUse {
    const rules = this.#serverOf(table)?.hosts.flatMap((host) => host.rules) ?? [];
    const partsOf = ({ action }: EdgeRule): readonly Pick<EdgePart, 'action' | 'cors'>[] => (action.kind === 'split' ? action.parts : [{ action, cors: undefined }]);
    const { protocol, names = [], passed = [] } = this.#serverOf(table) ?? {};
    return {
      tlsNames: protocol === 'HTTPS' ? [...names, ...passed].map(({ name }) => name) : [],
      cors: rules.some((rule) => rule.cors !== undefined || partsOf(rule).some(({ cors }) => cors !== undefined)),
      session: rules.some((rule) => partsOf(rule).some(({ action }) => action.kind === 'forward' && action.session !== undefined)),
    };
  }

  /** Names with a star cannot say that a port may follow, so the table does. */
  ignoresPorts(table: string): boolean {
    return this.#serverOf(table)?.hosts.some(({ domain }) => domain.startsWith('*.')) === true;
  }

  #serverOf(table: string): EdgeServer | undefined {
    return this.#model.servers.find(({ port }) => edgeTable(port) === table);
  }

  #writeTable(table: string, server: EdgeServer | undefined, changed: Set<string>): void {
    const { group, uses } = this.#options;
    let hosts = this.#tables.get(table);
    if (!hosts) this.#tables.set(table, (hosts = new VirtualHostResources(table, group)));
    const passedTo = new Set(server?.passed.flatMap(({ shares }) => shares.map(({ backend }) => backend)));
    for (const key of uses.set(`${edgeHostPrefix}${table}`, passedTo)) changed.add(key);
    const domains = new Set(server?.hosts.map(({ domain }) => domain));
    for (const domain of this.#domains.get(table) ?? []) {
      if (domains.has(domain)) continue;
      hosts.set(`${edgeHostPrefix}${domain}`, undefined);
      for (const key of uses.set(`${edgeHostPrefix}${table}/${domain}`, new Set())) changed.add(key);
    }
    if (domains.size === 0) this.#domains.delete(table);
    else this.#domains.set(table, domains);
    for (const host of server?.hosts ?? []) {
      hosts.set(`${edgeHostPrefix}${host.domain}`, server && virtualHost(host, server));
      for (const key of uses.set(`${edgeHostPrefix}${table}/${host.domain}`, backendsOf(host))) changed.add(key);
    }
  }
}

function virtualHost({ domain, rules }: EdgeHost, server: EdgeServer): JsonObject {
  return {
    name: `${edgeHostPrefix}${domain}`,
    domains: domain.startsWith('*') ? [domain] : [domain, `${domain}:*`],
    routes: rules.flatMap((rule) => ruleRoutes(rule, domain, server)),
  };
}

function backendsOf({ rules }: EdgeHost): Set<string> {
  const actions = rules.flatMap(({ action }) => (action.kind === 'split' ? action.parts.map((part) => part.action) : [action]));
  return new Set(actions.flatMap((action) => (action.kind === 'forward' ? [...action.shares, ...action.mirrors].map(({ backend }) => backend) : [])));
}

