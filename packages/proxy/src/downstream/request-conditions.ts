/**
 * What the connection manager does to a request head before anything else sees it: it refuses what must not pass,
 * takes out what was meant for this connection only, brings path and host into one form, and writes who the
 * client is. Rules: RFC 9110 7.6, and Envoy's HTTP header sanitising.
 */
import { createHeaderLine, Known, mergeSlashes, normalizePath, type RequestHead } from '@sluice/http';
import type { OutcomeCode } from '../outcome.ts';
import type { ConnectionManagerConfig } from '../proxy-config.ts';
import type { RequestIds } from '../request-id.ts';

/** What belongs to one connection and is never passed on. Transfer-Encoding goes with the framing, see the codecs. */
const hopByHop = Known.connection | Known.keepAlive | Known.proxyConnection | Known.te | Known.upgrade | Known.http2Settings | Known.expect;

/** Fields that frame or route the message: a Connection field that lists them takes nothing away (RFC 9110 7.6.1). */
const notRemovable = new Set(['host', 'content-length', 'transfer-encoding', 'trailer', 'close', 'keep-alive', 'upgrade', 'te', 'connection']);

/** What a client outside may not say (Envoy's list of internal headers). */
const internalHeaders = [
  'x-envoy-decorator-operation', 'x-envoy-downstream-service-cluster', 'x-envoy-downstream-service-node', 'x-envoy-expected-rq-timeout-ms',
  'x-envoy-external-address', 'x-envoy-force-trace', 'x-envoy-internal', 'x-envoy-ip-tags', 'x-envoy-max-retries', 'x-envoy-retry-grpc-on',
  'x-envoy-retry-on', 'x-envoy-retriable-status-codes', 'x-envoy-retriable-header-names', 'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-per-try-timeout-ms', 'x-envoy-upstream-rq-timeout-alt-response', 'x-envoy-upstream-rq-timeout-ms', 'x-envoy-hedge-on-per-try-timeout',
];

const forwardedProtoHttp = createHeaderLine('x-forwarded-proto', 'http');
const teTrailers = createHeaderLine('te', 'trailers');

/** What the head said about the connection, which the head itself does not say any more. */
export interface RequestConditions {
  /** Undefined lets it pass. */
  refusal: OutcomeCode | undefined;
  /** The client waits to be asked for the body. */
  expectsContinue: boolean;
  /** Token of an upgrade asked for, in lower case; empty for none. */
  upgrade: string;
}

/** Changes `head` in place and writes its findings into `conditions`. */
export function conditionRequest(head: RequestHead, manager: ConnectionManagerConfig, peerHost: string, requestIds: RequestIds, conditions: RequestConditions): void {
  conditions.refusal = undefined;
  conditions.expectsContinue = false;
  conditions.upgrade = '';
  if (head.minorVersion === 0 && !manager.acceptHttp10) {
    conditions.refusal = 'version-refused';
    return;
  }
  if ((head.known & Known.expect) !== 0 && head.minorVersion === 1) {
    if (head.get('expect')?.toLowerCase() !== '100-continue') {
      conditions.refusal = 'expectation-failed';
      return;
    }
    conditions.expectsContinue = head.framing !== 'none';
  }
  if ((head.known & hopByHop) !== 0) {
    if ((head.known & Known.upgrade) !== 0) conditions.upgrade = upgradeToken(head);
    removeHopByHop(head, conditions.upgrade);
  }
  if (manager.rejectUnderscores || manager.dropUnderscores) conditions.refusal = treatUnderscores(head, manager);
  if (head.path.charCodeAt(0) === 0x2f) {
    if (manager.normalizePath) head.path = normalizePath(head.path);
    if (manager.mergeSlashes) head.path = mergeSlashes(head.path);
  } else if (head.method === 'CONNECT') {
    // Passed on as any request, a back end would take what follows for a tunnel's bytes, and we for requests.
    conditions.refusal = 'connect-refused';
  }
  if (manager.stripPort) stripPort(head);
  describeClient(head, manager, peerHost);
  describeRequest(head, manager, requestIds);
  if (manager.via !== '') head.add('via', manager.via);
}

/** Only HTTP/1.1 clients that also name it in Connection may upgrade; h2c is never passed on and therefore ignored. */
function upgradeToken(head: RequestHead): string {
  if (head.minorVersion === 0 || !head.connectionOptions.includes('upgrade')) return '';
  const token = (head.get('upgrade') ?? '').trim().toLowerCase();
  return token === 'h2c' ? '' : token;
}

function removeHopByHop(head: RequestHead, upgrade: string): void {
  const acceptsTrailers = (head.known & Known.te) !== 0 && /(?:^|,)\s*trailers\s*(?:,|$)/i.test(head.get('te') ?? '');
  head.removeKnown(hopByHop);
  for (const option of head.connectionOptions) if (!notRemovable.has(option)) head.remove(option);
  if (acceptsTrailers) head.addLine(teTrailers);
  if (upgrade !== '') head.add('upgrade', upgrade);
}

function treatUnderscores(head: RequestHead, manager: ConnectionManagerConfig): OutcomeCode | undefined {
  const names = new Set<string>();
  head.forEach((name) => {
    if (name.includes('_')) names.add(name);
  });
  if (names.size === 0) return undefined;
  if (manager.rejectUnderscores) return 'bad-request';
  for (const name of names) head.remove(name);
  return undefined;
}

function stripPort(head: RequestHead): void {
  const bare = head.authority.replace(/:\d*$/, '');
  // An IPv6 address without brackets is no authority, so what follows the last colon is a port.
  if (bare !== head.authority) head.setAuthority(bare);
}

function describeClient(head: RequestHead, manager: ConnectionManagerConfig, peerHost: string): void {
  const peer = plainAddress(peerHost);
  if (manager.useRemoteAddress) {
    const earlier = manager.trustedHops > 0 ? trustedClient(head, manager.trustedHops) : undefined;
    if ((head.known & Known.envoy) !== 0) for (const name of internalHeaders) head.remove(name);
    if (!manager.skipForwardedForAppend) {
      const forwarded = head.get('x-forwarded-for');
      head.set('x-forwarded-for', forwarded === undefined ? peer : `${forwarded},${peer}`);
    }
    head.set('x-envoy-external-address', earlier ?? peer);
    if (manager.trustedHops === 0 || (head.known & Known.forwardedProto) === 0) head.setLine(forwardedProtoHttp);
    return;
  }
  if ((head.known & Known.forwardedProto) === 0) head.addLine(forwardedProtoHttp);
}

/** The address that `hops` trusted proxies before us vouch for. */
function trustedClient(head: RequestHead, hops: number): string | undefined {
  const addresses = (head.get('x-forwarded-for') ?? '').split(',').map((address) => address.trim());
  return addresses[addresses.length - hops] || undefined;
}

/** IPv4 clients of a socket that also speaks IPv6. */
function plainAddress(host: string): string {
  return host.startsWith('::ffff:') ? host.slice(7) : host;
}

function describeRequest(head: RequestHead, manager: ConnectionManagerConfig, requestIds: RequestIds): void {
  if (!manager.generateRequestId) return;
  const keeps = (head.known & Known.requestId) !== 0 && (!manager.useRemoteAddress || manager.preserveExternalRequestId);
  if (keeps) return;
  head.setLine(requestIds.nextLine());
}
