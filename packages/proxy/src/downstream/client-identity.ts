/**
 * Who the client is, and whether it is one of our own: what the connection manager believes of `x-forwarded-*`, what it
 * writes there, and which headers only internal clients may send. The rules are those of Envoy's HTTP header sanitising:
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/header_sanitizing
 */
import { createHeaderLine, Known, type RequestHead } from '@sluice/http';
import type { Address } from '@sluice/kernel';
import { isInRange, parseIp } from '../ip-address.ts';
import type { ConnectionManagerConfig } from '../proxy-config.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { ClientDetection, InternalAddresses } from './client-rules.ts';
import { appendForwardedFor, plainHost } from './forwarded-for.ts';
import { edgeHeaders, internalHeaders } from './internal-headers.ts';

/** What was found. One object for all requests: it is read at once. */
export interface ClientFindings {
  /** Of the client; undefined: it is the peer. */
  client: Address | undefined;
  isInternal: boolean;
  /** It came from outside, and we are the first to see it. */
  isEdge: boolean;
  /** What to answer instead of going on; 0 for nothing. */
  rejectStatus: number;
}

const forwardedProto = { http: createHeaderLine('x-forwarded-proto', 'http'), https: createHeaderLine('x-forwarded-proto', 'https') };
const internalLine = createHeaderLine('x-envoy-internal', 'true');

export function identifyClient(head: RequestHead, manager: ConnectionManagerConfig, info: StreamInfo, found: ClientFindings): void {
  const peer = info.downstreamRemote;
  found.client = undefined;
  found.rejectStatus = 0;
  let mayBeInternal = false;
  if (manager.useRemoteAddress) {
    mayBeInternal = (head.known & Known.forwardedFor) === 0;
    if (manager.trustedHops > 0 && !mayBeInternal) found.client = addressOf(forwardedClient(head, manager.trustedHops - 1));
    if (!manager.skipForwardedForAppend) appendForwardedFor(head, peer);
    if (manager.trustedHops === 0 || (head.known & Known.forwardedProto) === 0) setProto(head, manager, info);
    if (manager.appendsForwardedPort && (manager.trustedHops === 0 || !head.has('x-forwarded-port'))) setPort(head, info);
  } else {
    mayBeInternal = detectClient(head, manager, peer, found);
    if (found.rejectStatus > 0) return;
    if ((head.known & Known.forwardedProto) === 0 && !manager.leavesForwardedProto) setProto(head, manager, info);
    if (manager.appendsForwardedPort && !head.has('x-forwarded-port')) setPort(head, info);
  }
  if (manager.schemeToOverwrite !== undefined) head.setLine(forwardedProto[manager.schemeToOverwrite]);
  // Without `x-forwarded-for` nobody vouches for the peer, unless the peer is the client.
  const decides = manager.useRemoteAddress ? (found.client ?? peer) : found.client;
  found.isInternal = mayBeInternal && decides !== undefined && isInternal(decides, manager.internalAddresses);
  found.isEdge = !found.isInternal && manager.useRemoteAddress;
  markOrigin(head, manager, found, peer);
}

/** Without `use_remote_address`: what a header says. True when the request may be internal because of it. */
function detectClient(head: RequestHead, manager: ConnectionManagerConfig, peer: Address, found: ClientFindings): boolean {
  const { clientDetections } = manager;
  if (clientDetections === undefined) {
    if ((head.known & Known.forwardedFor) === 0) return false;
    const client = forwardedClient(head, manager.trustedHops);
    found.client = addressOf(client);
    return found.client !== undefined && isAlone(head);
  }
  for (const detection of clientDetections) {
    const detected = detection.detect(head);
    if (typeof detected === 'number') {
      found.rejectStatus = detected;
      return false;
    }
    if (detected === undefined) continue;
    if (detection.appendsForwardedFor) appendForwardedFor(head, peer);
    found.client = addressOf(detected.host);
    return detected.mayBeInternal;
  }
  return false;
}

/** `xff`: the address that so many trusted proxies vouch for. */
export function detectByForwardedFor(trustedHops: number, appendsForwardedFor: boolean): ClientDetection {
  return {
    appendsForwardedFor,
    detect(head) {
      const host = forwardedClient(head, trustedHops);
      return host === undefined || !parseIp(host) ? undefined : { host, mayBeInternal: isAlone(head) };
    },
  };
}

/** `custom_header`: an address in a header of its own. */
export function detectByHeader(header: string, mayBeInternal: boolean, rejectStatus: number | undefined): ClientDetection {
  return {
    appendsForwardedFor: false,
    detect(head) {
      const host = head.get(header)?.trim();
      return host !== undefined && parseIp(host) ? { host, mayBeInternal } : rejectStatus;
    },
  };
}

/** Counted from the right, 0 for the last. */
function forwardedClient(head: RequestHead, hops: number): string | undefined {
  const addresses = head.get('x-forwarded-for')?.split(',');
  return addresses?.[addresses.length - 1 - hops]?.trim();
}

function isAlone(head: RequestHead): boolean {
  return head.get('x-forwarded-for')?.includes(',') !== true;
}

function addressOf(host: string | undefined): Address | undefined {
  return host !== undefined && parseIp(host) ? { host, port: 0 } : undefined;
}

function setProto(head: RequestHead, { protoByPort }: ConnectionManagerConfig, info: StreamInfo): void {
  head.setLine(forwardedProto[protoByPort?.get(info.downstreamLocal.port) ?? info.scheme]);
}

function setPort(head: RequestHead, { downstreamLocal }: StreamInfo): void {
  head.set('x-forwarded-port', String(downstreamLocal.port));
}

function isInternal({ host, path }: Address, internal: InternalAddresses | undefined): boolean {
  if (!internal) return false;
  if (path !== undefined) return internal.unixSockets;
  return internal.ranges.some((range) => isInRange(host, range));
}

/** Says where the request comes from, and takes away what only our own may say. */
function markOrigin(head: RequestHead, manager: ConnectionManagerConfig, found: ClientFindings, peer: Address): void {
  const mayHoldEnvoy = (head.known & Known.envoy) !== 0;
  if (mayHoldEnvoy) head.remove('x-envoy-internal');
  if (found.isInternal) {
    head.addLine(internalLine);
    return;
  }
  if (mayHoldEnvoy) {
    for (let index = 0; index < internalHeaders.length; index += 1) head.remove(internalHeaders[index] as string);
    if (found.isEdge) for (let index = 0; index < edgeHeaders.length; index += 1) head.remove(edgeHeaders[index] as string);
  }
  const removed = manager.routes?.internalOnlyHeaders;
  if (removed) for (let index = 0; index < removed.length; index += 1) head.remove(removed[index] as string);
  const client = found.client ?? peer;
  if (found.isEdge && client.path === undefined) head.set('x-envoy-external-address', plainHost(client.host));
}
