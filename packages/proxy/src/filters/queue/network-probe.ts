/**
 * Requests that ask whether a component is there, instead of asking the program behind it for something.
 * They carry a header that names whom they ask; a kubelet may also be known by its user agent.
 * https://github.com/knative/networking/blob/main/pkg/http/header/header.go
 */
import type { RequestHead } from '@sluice/http';
import type { LocalReply } from '../../stream.ts';

/** Header that marks a probe and names whom it asks: `queue`, `activator`, or `probe` for the path of an ingress. */
export const networkProbeHeader = 'k-network-probe';
/** What an ingress prober wants to hear back, so that it knows which configuration answers. */
export const networkHashHeader = 'k-network-hash';

const kubeletProbeHeader = 'k-kubelet-probe';
const kubeletUserAgent = 'kube-probe/';

/** Whether a kubelet, or somebody in its place, is asking. */
export function isKubeletProbe(head: RequestHead): boolean {
  if (head.get('user-agent')?.startsWith(kubeletUserAgent)) return true;
  return (head.get(kubeletProbeHeader) ?? '') !== '';
}

/** Whom a probe asks; undefined when the request is no such probe. */
export function networkProbeOf(head: RequestHead): string | undefined {
  return head.get(networkProbeHeader) || undefined;
}

/** The answer to an ingress that probes its data path: the hash it sent, so that it sees its own question. */
export function answerIngressProbe(head: RequestHead): LocalReply {
  const hash = head.get(networkHashHeader);
  if (!hash) {
    return probeReply(400, 'a probe request must contain a non-empty "K-Network-Hash" header');
  }
  return { ...probeReply(200, ''), headers: { 'k-network-hash': hash } };
}

/** An answer to a probe. */
export function probeReply(status: number, body: string): LocalReply {
  return { status, body, details: 'network_probe' };
}
