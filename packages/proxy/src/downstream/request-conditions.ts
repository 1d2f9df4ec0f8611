/**
 * What the connection manager does to a request head before anything else sees it: it refuses what must not pass,
 * takes out what was meant for this connection only, brings path and host into one form, and writes who the
 * client is. Rules: RFC 9110 7.6, and Envoy's HTTP header sanitising.
 */
import { createHeaderLine, Known, type RequestHead } from '@sluice/http';
import type { OutcomeCode } from '../outcome.ts';
import type { ConnectionManagerConfig } from '../proxy-config.ts';
import { withoutTraceReason, type RequestIds } from '../request-id.ts';
import type { DownstreamStatistics } from '../statistics.ts';
import type { StreamInfo } from '../stream-info.ts';
import { describeCertificate } from './client-certificate.ts';
import { identifyClient, type ClientFindings } from './client-identity.ts';
import type { HostCondition } from './host-conditions.ts';
import { isKnownMethod } from './known-methods.ts';
import type { PathCondition } from './path-conditions.ts';

/** What belongs to one connection and is never passed on. Transfer-Encoding goes with the framing, see the codecs. */
const hopByHop = Known.connection | Known.keepAlive | Known.proxyConnection | Known.te | Known.upgrade | Known.http2Settings | Known.expect;

/** Fields that frame or route the message: a Connection field that lists them takes nothing away (RFC 9110 7.6.1). */
const notRemovable = new Set(['host', 'content-length', 'transfer-encoding', 'trailer', 'close', 'keep-alive', 'upgrade', 'te', 'connection']);

const teTrailers = createHeaderLine('te', 'trailers');
const expectContinue = createHeaderLine('expect', '100-continue');

/** What the head said about the connection, which the head itself does not say any more. */
export interface RequestConditions extends ClientFindings {
  /** Undefined lets it pass. */
  refusal: OutcomeCode | undefined;
  /** The client waits to be asked for the body. */
  expectsContinue: boolean;
  /** The upstream is to ask for the body, where somebody is. */
  passesExpect: boolean;
  /** Token of an upgrade asked for, in lower case; `CONNECT` for that method, which no header can spell so; empty for none. */
  upgrade: string;
}

export function createRequestConditions(): RequestConditions {
  return { refusal: undefined, expectsContinue: false, passesExpect: false, upgrade: '', client: undefined, isInternal: false, isEdge: false, rejectStatus: 0 };
}

/** What is the same for all requests of a connection manager. */
export interface ConditioningContext {
  readonly config: ConnectionManagerConfig;
  readonly requestIds: RequestIds;
  readonly statistics: DownstreamStatistics;
  readonly conditionPath: PathCondition | undefined;
  readonly conditionHost: HostCondition | undefined;
}

/** Changes `head` in place and writes its findings into `conditions`. */
export function conditionRequest(head: RequestHead, context: ConditioningContext, info: StreamInfo, conditions: RequestConditions): void {
  const manager = context.config;
  conditions.refusal = undefined;
  conditions.expectsContinue = false;
  conditions.passesExpect = false;
  conditions.upgrade = '';
  conditions.client = undefined;
  conditions.rejectStatus = 0;
  conditions.refusal = refuseVersion(head, manager, info);
  if (conditions.refusal) return;
  if ((head.known & Known.expect) !== 0 && head.minorVersion === 1) {
    if (head.get('expect')?.toLowerCase() !== '100-continue') {
      conditions.refusal = 'expectation-failed';
      return;
    }
    conditions.expectsContinue = head.framing !== 'none';
  }
  if ((head.known & hopByHop) !== 0) {
    if ((head.known & Known.upgrade) !== 0) conditions.upgrade = upgradeToken(head, manager);
    removeHopByHop(head, conditions.upgrade);
  }
  if (conditions.expectsContinue && manager.proxiesContinue) passExpect(head, conditions);
  if (manager.rejectUnderscores || manager.dropUnderscores) conditions.refusal = treatUnderscores(head, context, info);
  context.conditionHost?.(head, info);
  if (head.authority === '') conditions.refusal ??= 'missing-host';
  const verdict = context.conditionPath?.(head) ?? 'passes';
  if (verdict !== 'passes') conditions.refusal ??= verdict === 'rejected' ? 'path-rejected' : 'path-redirected';
  if (head.method === 'CONNECT') askForConnect(head, conditions);
  manager.changeEarly?.(head, info);
  identifyClient(head, manager, info, conditions);
  if ((head.known & Known.clientCert) !== 0 || manager.clientCertificates) describeCertificate(head, manager.clientCertificates, info.connection?.tls);
  if (conditions.rejectStatus > 0) conditions.refusal ??= 'client-not-identified';
  if (manager.userAgent !== undefined) sayWhoWeAre(head, manager.userAgent, manager.nodeId);
  if (manager.via !== '') head.add('via', manager.via);
  if (manager.generateRequestId) identifyRequest(head, manager, conditions.isEdge, context.requestIds);
  if ((head.method === 'OPTIONS' || head.method === 'TRACE') && head.has('max-forwards')) conditions.refusal ??= countDown(head);
}

/** What can be refused by the first line alone. */
function refuseVersion(head: RequestHead, manager: ConnectionManagerConfig, info: StreamInfo): OutcomeCode | undefined {
  if (head.minorVersion === 0 && !manager.acceptHttp10) return 'version-refused';
  if (head.absoluteScheme !== '') {
    if (manager.refusesAbsoluteUrls) return 'absolute-path-refused';
    // Whoever believes to speak over TLS must be told that nobody listens in TLS here.
    if (head.absoluteScheme === 'https' && info.scheme === 'http') return 'https-over-plaintext';
  }
  return manager.refusesUnknownMethods && !isKnownMethod(head.method) ? 'unknown-method' : undefined;
}

/** Only HTTP/1.1 clients that also name it in Connection may upgrade; h2c is never passed on and therefore ignored. */
function upgradeToken(head: RequestHead, manager: ConnectionManagerConfig): string {
  if (head.minorVersion === 0 || !head.connectionOptions.includes('upgrade')) return '';
  const token = (head.get('upgrade') ?? '').trim().toLowerCase();
  return token === 'h2c' || manager.ignoresUpgrade?.(token) ? '' : token;
}

/** A CONNECT is a request for a tunnel and nothing else. What follows it is the tunnel's, so a length would be read in two ways (RFC 9110 9.3.6). */
function askForConnect(head: RequestHead, conditions: RequestConditions): void {
  conditions.upgrade = 'CONNECT';
  head.removeKnown(Known.upgrade);
  if (head.framing !== 'none') conditions.refusal ??= 'bad-request';
  head.removeKnown(Known.contentLength);
}

function removeHopByHop(head: RequestHead, upgrade: string): void {
  const acceptsTrailers = (head.known & Known.te) !== 0 && /(?:^|,)\s*trailers\s*(?:,|$)/i.test(head.get('te') ?? '');
  head.removeKnown(hopByHop);
  for (const option of head.connectionOptions) if (!notRemovable.has(option)) head.remove(option);
  if (acceptsTrailers) head.addLine(teTrailers);
  if (upgrade !== '') head.add('upgrade', upgrade);
}

function passExpect(head: RequestHead, conditions: RequestConditions): void {
  conditions.expectsContinue = false;
  conditions.passesExpect = true;
  head.addLine(expectContinue);
}

function treatUnderscores(head: RequestHead, { config, statistics }: ConditioningContext, info: StreamInfo): OutcomeCode | undefined {
  const names = new Set<string>();
  head.forEach((name) => {
    if (name.includes('_')) names.add(name);
  });
  if (names.size === 0) return undefined;
  if (config.rejectUnderscores) {
    statistics.codecOf(info).underscoreRejections.add();
    return 'underscore-refused';
  }
  for (const name of names) {
    head.remove(name);
    statistics.codecOf(info).underscoreDrops.add();
  }
  return undefined;
}

function sayWhoWeAre(head: RequestHead, userAgent: string, nodeId = ''): void {
  head.set('x-envoy-downstream-service-cluster', userAgent);
  if (!head.get('user-agent')) head.set('user-agent', userAgent);
  if (nodeId !== '') head.set('x-envoy-downstream-service-node', nodeId);
}

/** At the edge a new one, unless the client's is to be kept; further in, only where there is none. */
function identifyRequest(head: RequestHead, manager: ConnectionManagerConfig, isEdge: boolean, requestIds: RequestIds): void {
  if ((head.known & Known.requestId) === 0 || (isEdge && !manager.preserveExternalRequestId)) {
    head.setLine(requestIds.nextLine());
    return;
  }
  if (!isEdge || manager.keepsRequestIds) return;
  const given = head.get('x-request-id') ?? '';
  const kept = withoutTraceReason(given);
  if (kept !== given) head.set('x-request-id', kept);
}

/** Max-Forwards: who finds it at nought answers (RFC 9110 7.6.2). One that is no number is not ours to read. */
function countDown(head: RequestHead): OutcomeCode | undefined {
  const hops = head.get('max-forwards') ?? '';
  if (!/^\d{1,9}$/.test(hops)) return undefined;
  if (Number(hops) === 0) return head.method === 'OPTIONS' ? 'options-answered' : 'trace-refused';
  head.set('max-forwards', String(Number(hops) - 1));
  return undefined;
}
