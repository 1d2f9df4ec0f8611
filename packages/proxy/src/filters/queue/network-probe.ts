/**
 * Requests that ask whether a component is there, instead of asking the program behind it for something.
 * They carry a header that names whom they ask; a kubelet may also be known by its user agent.
 * https://github.com/knative/networking/blob/main/pkg/http/header/header.go
 */
import { Known, type RequestHead } from '@sluice/http';
import type { LocalReply } from '../../stream.ts';

/** Header that marks a probe and names whom it asks: `queue`, `activator`, or `probe` for the path of an ingress. */
export const networkProbeHeader = 'k-network-probe';
/** What an ingress prober wants to hear back, so that it knows which configuration answers. */
export const networkHashHeader = 'k-network-hash';

const kubeletProbeHeader = 'k-kubelet-probe';
const kubeletUserAgent = 'kube-probe/';

/** Whether a kubelet, or somebody in its place, is asking. */
export function isKubeletProbe(head: RequestHead): boolean {
  if (isUserAgentOfKubelet(head)) return true;
  return isSentByMesh(head) && (head.get(kubeletProbeHeader) ?? '') !== '';
}

/** Reads the bytes: every request has a user agent, and hardly one is a kubelet's. */
function isUserAgentOfKubelet(head: RequestHead): boolean {
  const line = head.find('user-agent', 0, 0);
  if (line < 0) return false;
  const start = head.valueStartOf(line);
  if (head.valueEndOf(line) - start < kubeletUserAgent.length) return false;
  for (let index = 0; index < kubeletUserAgent.length; index += 1) {
    if (head.memory[start + index] !== kubeletUserAgent.charCodeAt(index)) return false;
  }
  return true;
}

/** Whether there is any field by which Knative's components talk to each other. */
export function isSentByMesh({ known }: RequestHead): boolean {
  return (known & Known.knative) !== 0;
}

/** Whom a probe asks; undefined when the request is no such probe. */
export function networkProbeOf(head: RequestHead): string | undefined {
  return isSentByMesh(head) ? head.get(networkProbeHeader) || undefined : undefined;
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
