/**
 * What kube-proxy does, as rules of nftables: a connection to an address and port of a Service is led to one of the pods behind it, by chance, and stays there; where nobody is
 * behind it, it is refused at once. Pure: the same objects give the same text.
 */
import { serviceNameLabel, type EndpointSlice, type Service, type ServicePort } from '@sluice/kubernetes';

interface Target {
  readonly address: string;
  readonly port: number;
}

/** The text for `nft -f`, which replaces all earlier rules in one step. */
export function serviceRules(services: readonly Service[], slices: readonly EndpointSlice[]): string {
  const chains: string[] = [];
  const led: string[] = [];
  const refused: string[] = [];
  const pods = new Set<string>();
  const sorted = [...services].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  for (const service of sorted) {
    const own = slices.filter(({ metadata }) => metadata.namespace === service.metadata.namespace && metadata.labels?.[serviceNameLabel] === service.metadata.name);
    for (const port of tcpPorts(service)) {
      const targets = targetsOf(own, port);
      const chain = `service-${chains.length}`;
      const addresses = addressesOf(service).map((address) => `${address} . ${port.port}`);
      if (addresses.length === 0) continue;
      if (targets.length === 0) {
        refused.push(...addresses);
        continue;
      }
      for (const { address } of targets) pods.add(address);
      const choices = targets.map(({ address, port: target }, index) => `${index} : ${address} . ${target}`);
      chains.push(`  chain ${chain} { # ${keyOf(service)} ${port.port}\n    meta l4proto tcp dnat to numgen random mod ${targets.length} map { ${choices.join(', ')} }\n  }`);
      led.push(...addresses.map((address) => `${address} : goto ${chain}`));
    }
  }
  return [
    // Named before it is removed, since it may not be there yet.
    'table ip sluice',
    'delete table ip sluice',
    'table ip sluice {',
    ...chains,
    `  map led {\n    type ipv4_addr . inet_service : verdict${elements(led)}\n  }`,
    `  set refused {\n    type ipv4_addr . inet_service${elements(refused)}\n  }`,
    // What pods send comes in; what the node itself sends goes out.
    hook('come', 'nat', 'prerouting', -100, 'ip daddr . tcp dport vmap @led'),
    hook('go', 'nat', 'output', -100, 'ip daddr . tcp dport vmap @led'),
    ...['input', 'forward', 'output'].map((point) => hook(`refuse-${point}`, 'filter', point, 0, 'ip daddr . tcp dport @refused reject with tcp reset')),
    // A pod that is led to itself would take its own address for a forgery.
    hook('leave', 'nat', 'postrouting', 100, pods.size === 0 ? '' : `ip saddr . ip daddr { ${[...pods].sort().map((pod) => `${pod} . ${pod}`).join(', ')} } masquerade`),
    '}',
    '',
  ].join('\n');
}

function hook(name: string, type: string, point: string, priority: number, rule: string): string {
  return `  chain ${name} {\n    type ${type} hook ${point} priority ${priority}; policy accept\n    ${rule}\n  }`;
}

function elements(list: readonly string[]): string {
  return list.length === 0 ? '' : `\n    elements = { ${list.join(', ')} }`;
}

/** Where a Service is spoken to: its cluster address, and what a load balancer has been given. */
function addressesOf({ spec, status }: Service): string[] {
  const { clusterIP } = spec;
  const external = (status?.loadBalancer as { ingress?: readonly { ip?: string }[] } | undefined)?.ingress ?? [];
  return [clusterIP, ...external.map(({ ip }) => ip)].filter((address) => address !== undefined && /^\d+\.\d+\.\d+\.\d+$/.test(address)) as string[];
}

function tcpPorts({ spec }: Service): readonly ServicePort[] {
  return spec.type === 'ExternalName' ? [] : (spec.ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP');
}

/** Those that are ready; where none is, those that are about to go and still answer, as kube-proxy has it. */
function targetsOf(slices: readonly EndpointSlice[], { name = '' }: ServicePort): Target[] {
  const ready: Target[] = [];
  const leaving: Target[] = [];
  for (const { endpoints, ports = [] } of slices) {
    const port = ports.find((candidate) => (candidate.name ?? '') === name)?.port;
    if (port === undefined) continue;
    for (const { addresses, conditions } of endpoints) {
      const list = conditions?.ready !== false ? ready : conditions.serving === true && conditions.terminating === true ? leaving : undefined;
      for (const address of addresses) list?.push({ address, port });
    }
  }
  const chosen = ready.length > 0 ? ready : leaving;
  return chosen.sort((a, b) => (`${a.address}:${a.port}` < `${b.address}:${b.port}` ? -1 : 1));
}

function keyOf({ metadata }: Service): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
