/**
 * The packet filter's part in a pod: rules in the pod's own network that lead connections to the proxy. Their chains are ours alone and are filled
 * anew whenever the rules are written, so that twice is as once; and they can be taken out without a trace. Pure.
 *
 *     comes in by an interface ─► PREROUTING ─► SLUICE_INBOUND  ─► a port of the program: the proxy's in front of it
 *     leaves a program         ─► OUTPUT     ─► SLUICE_OUTBOUND ─► anything but what is excluded: the proxy's one for all
 *
 * What the pod sends to itself goes over the loopback and is left alone both ways, and so is what the proxy sends.
 */
import { captureOutboundPort, proxyUser } from './names.ts';
import type { InboundPort } from './proxy-bootstrap.ts';
import type { IpFamily } from './pod.ts';
import type { PodSettings } from './pod-settings.ts';

/** Which program writes the rules of a family. Also the order in which they are written. */
const tools = { IPv4: 'iptables', IPv6: 'ip6tables' } as const;
const families = ['IPv4', 'IPv6'] as const;

const inboundChain = 'SLUICE_INBOUND';
const outboundChain = 'SLUICE_OUTBOUND';

/** What `iptables-restore` reads. */
export function captureRules(family: IpFamily, inbound: readonly InboundPort[], { outboundCapture }: Pick<PodSettings, 'outboundCapture'>): string[] {
  return [
    '*nat',
    // Said of a chain of ours that is there, this empties it.
    `:${inboundChain} - [0:0]`,
    `:${outboundChain} - [0:0]`,
    ...inbound.map(({ port, proxyPort }) => `-A ${inboundChain} -p tcp --dport ${port} -j REDIRECT --to-ports ${proxyPort}`),
    ...outboundRules(family, outboundCapture),
    'COMMIT',
  ];
}

function outboundRules(family: IpFamily, capture: PodSettings['outboundCapture']): string[] {
  const { includedCidrs, excludedCidrs, excludedPorts, excludedUids } = capture;
  const ofFamily = (cidr: string): boolean => cidr === '*' || cidr.includes(':') === (family === 'IPv6');
  const included = includedCidrs.filter(ofFamily);
  if (included.length === 0) return [];
  const add = (rule: string): string => `-A ${outboundChain} ${rule}`;
  return [
    add('-o lo -j RETURN'),
    ...[proxyUser, ...excludedUids].map((uid) => add(`-m owner --uid-owner ${uid} -j RETURN`)),
    ...excludedCidrs.filter(ofFamily).map((cidr) => add(`-d ${cidr} -j RETURN`)),
    ...excludedPorts.map((port) => add(`-p tcp --dport ${port} -j RETURN`)),
    ...included.map((cidr) => add(`${cidr === '*' ? '' : `-d ${cidr} `}-p tcp -j REDIRECT --to-ports ${captureOutboundPort}`)),
  ];
}

/** A command that writes the rules, its arguments: a text for each family that the pod has. Needs a shell and `iptables`, as root with NET_ADMIN. */
export function captureCommand(wanted: readonly IpFamily[], rulesOf: (family: IpFamily) => readonly string[]): { readonly command: readonly string[]; readonly args: readonly string[] } {
  const used = families.filter((family) => wanted.includes(family));
  const script = [
    // The rules first, then who leads to them: so nothing is ever led into half of them.
    `lead() { "$1" -t nat -C "$2" -p tcp -j "$3" 2>/dev/null || "$1" -t nat -A "$2" -p tcp -j "$3"; }`,
    `capture() { printf '%s\\n' "$2" | "$1-restore" --noflush; lead "$1" PREROUTING ${inboundChain}; lead "$1" OUTPUT ${outboundChain}; }`,
    ...used.map((family, index) => `capture ${tools[family]} "$${index + 1}"`),
  ];
  return { command: ['/bin/sh', '-ec', script.join('\n'), 'capture'], args: used.map((family) => rulesOf(family).join('\n')) };
}

/** A shell script that takes everything out again; where there is nothing, it does nothing. For networks that outlive a pod, and for tests. */
export function releaseScript(wanted: readonly IpFamily[]): string {
  return families
    .filter((family) => wanted.includes(family))
    .flatMap((family) =>
      [
        ['PREROUTING', inboundChain],
        ['OUTPUT', outboundChain],
      ].map(([hook, chain]) => `if ${tools[family]} -t nat -S ${chain} >/dev/null 2>&1; then ${tools[family]} -t nat -D ${hook} -p tcp -j ${chain} || :; ${tools[family]} -t nat -F ${chain}; ${tools[family]} -t nat -X ${chain}; fi`),
    )
    .join('\n');
}
