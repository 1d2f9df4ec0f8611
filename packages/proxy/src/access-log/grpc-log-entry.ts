/**
 * Entries of Envoy's access log service on the wire. The numbers are those of
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/data/accesslog/v3/accesslog.proto
 */
import { Buffer } from 'node:buffer';
import { parseAddress, type Address } from '@sluice/kernel';
import { accessLogTypes, type GrpcLogSink } from '@sluice/resources';
import { writeStruct } from '../grpc/proto-struct.ts';
import { ProtoWriter } from '../grpc/proto-writer.ts';
import { schemeOf } from '../router/head-test.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { CertificateFacts } from '../tls/certificate-facts.ts';
import type { SpanTag } from '../tracing/tracing-config.ts';
import type { LoggedStream } from './access-log-config.ts';

/** Of `AccessLogCommon`. */
const common = {
  sampleRate: 1, downstreamRemote: 2, downstreamLocal: 3, tls: 4, startTime: 5, lastRx: 6, firstUpstreamTx: 7, lastUpstreamTx: 8, firstUpstreamRx: 9, lastUpstreamRx: 10,
  firstDownstreamTx: 11, lastDownstreamTx: 12, upstreamRemote: 13, upstreamLocal: 14, upstreamCluster: 15, flags: 16, metadata: 17, upstreamFailure: 18, routeName: 19,
  directRemote: 20, filterState: 21, customTags: 22, duration: 23, attempts: 24, terminationDetails: 25, streamId: 26, isEarly: 27, logType: 33,
} as const;

const request = { method: 1, scheme: 2, authority: 3, path: 5, userAgent: 6, referer: 7, forwardedFor: 8, requestId: 9, originalPath: 10, bodyBytes: 12, headers: 13 } as const;
const response = { code: 1, bodyBytes: 3, headers: 4, trailers: 5, details: 6 } as const;
const tls = { version: 1, serverName: 3, local: 4, peer: 5, sessionId: 6 } as const;

const methods: Readonly<Record<string, number>> = { GET: 1, HEAD: 2, POST: 3, PUT: 4, DELETE: 5, CONNECT: 6, OPTIONS: 7, TRACE: 8, PATCH: 9 };
const versions: Readonly<Record<string, number>> = { 'HTTP/1.0': 1, 'HTTP/1.1': 2, 'HTTP/2': 3 };
const tlsVersions: Readonly<Record<string, number>> = { TLSv1: 1, 'TLSv1.1': 2, 'TLSv1.2': 3, 'TLSv1.3': 4 };

/** Of `ResponseFlags`: booleans, and a message for `UAEX`. */
const flagFields: Readonly<Record<string, number>> = {
  LH: 1, UH: 2, UT: 3, LR: 4, UR: 5, UF: 6, UC: 7, UO: 8, NR: 9, DI: 10, FI: 11, RL: 12, RLSE: 14, DC: 15, URX: 16, SI: 17, IH: 18, DPE: 19, UMSDR: 20, RFCF: 21,
  NFCF: 22, DT: 23, UPE: 24, NC: 25, OM: 26, DF: 27, DR: 28,
};
const unauthorized = 13;

const stringValueUrl = 'type.googleapis.com/google.protobuf.StringValue';

/** The whole entry: `HTTPAccessLogEntry`, or `TCPAccessLogEntry` for connections. */
export function encodeLogEntry(source: LoggedStream, sink: GrpcLogSink, tags: readonly SpanTag[]): Buffer {
  const { info } = source;
  const writer = new ProtoWriter().message(1, (inner) => writeCommon(inner, source, sink, tags));
  if (sink.traffic === 'tcp') {
    return writer.message(2, (inner) => inner.uint(1, info.bytesReceived).uint(2, info.bytesSent)).finish();
  }
  return writer
    .uint(2, versions[info.protocol] ?? 0)
    .message(3, (inner) => writeRequest(inner, source, sink.requestHeaders))
    .message(4, (inner) => writeResponse(inner, source, sink))
    .finish();
}

function writeCommon(writer: ProtoWriter, source: LoggedStream, sink: GrpcLogSink, tags: readonly SpanTag[]): void {
  const { info } = source;
  const since = (at: number): number | undefined => (at === 0 || info.startAt === 0 ? undefined : Math.max(0, at - info.startAt));
  writer.double(common.sampleRate, 1);
  writeAddress(writer, common.downstreamRemote, info.client ?? info.downstreamRemote);
  writeAddress(writer, common.downstreamLocal, info.downstreamLocal);
  writeTls(writer, info);
  writeMs(writer, common.startTime, info.startWallTime);
  writeMs(writer, common.lastRx, since(info.requestEndAt));
  writeMs(writer, common.firstUpstreamTx, since(info.upstreamStartAt));
  writeMs(writer, common.lastUpstreamTx, info.upstreamStartAt === 0 || info.requestEndAt === 0 ? undefined : since(Math.max(info.requestEndAt, info.upstreamStartAt)));
  writeMs(writer, common.firstUpstreamRx, info.upstreamStartAt === 0 ? undefined : since(info.responseStartAt));
  writeMs(writer, common.lastUpstreamRx, info.upstreamStartAt === 0 || info.responseStartAt === 0 ? undefined : since(info.endAt));
  writeMs(writer, common.firstDownstreamTx, since(info.responseStartAt));
  writeMs(writer, common.lastDownstreamTx, since(info.endAt));
  if (info.upstreamHost !== '') writeAddress(writer, common.upstreamRemote, parseAddress(info.upstreamHost));
  if (info.upstreamLocal) writeAddress(writer, common.upstreamLocal, info.upstreamLocal);
  writer.string(common.upstreamCluster, info.clusterName);
  if (info.flags !== '') writer.message(common.flags, (flags) => writeFlags(flags, info.flags));
  writeMetadata(writer, info);
  writer.string(common.upstreamFailure, info.upstreamFailure).string(common.routeName, info.routeName);
  writeAddress(writer, common.directRemote, info.connection?.directRemote ?? info.downstreamRemote);
  for (const key of sink.filterStateKeys) writeFilterState(writer, key, info.filterState?.get(key));
  for (const { name, read } of tags) {
    const value = read(source);
    if (value !== undefined) writer.entry(common.customTags, name, value);
  }
  writeMs(writer, common.duration, since(info.endAt));
  writer.uint(common.attempts, info.attempts).string(common.terminationDetails, info.terminationDetails);
  writer.string(common.streamId, source.request.get('x-request-id') ?? '');
  writer.uint(common.isEarly, Number(info.logType !== 'DownstreamEnd' && info.logType !== 'TcpConnectionEnd'));
  writer.uint(common.logType, accessLogTypes.indexOf(sink.traffic === 'tcp' && info.logType === 'DownstreamEnd' ? 'TcpConnectionEnd' : info.logType));
}

function writeRequest(writer: ProtoWriter, { request: head, info }: LoggedStream, names: readonly string[]): void {
  writer.uint(request.method, methods[head.method] ?? 0).string(request.scheme, schemeOf(head)).string(request.authority, head.authority).string(request.path, head.path);
  writer.string(request.userAgent, head.get('user-agent') ?? '').string(request.referer, head.get('referer') ?? '');
  writer.string(request.forwardedFor, head.get('x-forwarded-for') ?? '').string(request.requestId, head.get('x-request-id') ?? '');
  writer.string(request.originalPath, head.get('x-envoy-original-path') ?? '').uint(request.bodyBytes, info.bytesReceived);
  writeFields(writer, request.headers, names, (name) => head.get(name));
}

function writeResponse(writer: ProtoWriter, { response: head, info }: LoggedStream, { responseHeaders, responseTrailers }: GrpcLogSink): void {
  if (info.status > 0) writer.message(response.code, (value) => value.uint(1, info.status));
  writer.uint(response.bodyBytes, info.bytesSent);
  writeFields(writer, response.headers, responseHeaders, (name) => head?.get(name));
  writeFields(writer, response.trailers, responseTrailers, (name) => info.responseTrailers?.get(name));
  writer.string(response.details, info.details);
}

function writeFields(writer: ProtoWriter, field: number, names: readonly string[], read: (name: string) => string | undefined): void {
  for (const name of names) {
    const value = read(name);
    if (value !== undefined) writer.entry(field, name, value);
  }
}

function writeTls(writer: ProtoWriter, { connection }: StreamInfo): void {
  const facts = connection?.tls;
  if (!facts) return;
  writer.message(common.tls, (inner) => {
    inner.uint(tls.version, tlsVersions[facts.version] ?? 0).string(tls.serverName, connection.serverName);
    if (facts.local) writeCertificate(inner, tls.local, facts.local);
    if (facts.peer) writeCertificate(inner, tls.peer, facts.peer);
    inner.string(tls.sessionId, facts.sessionId);
  });
}

function writeCertificate(writer: ProtoWriter, field: number, { uriNames, dnsNames, subject, issuer }: CertificateFacts): void {
  writer.message(field, (inner) => {
    for (const name of uriNames) inner.message(1, (san) => san.string(1, name));
    for (const name of dnsNames) inner.message(1, (san) => san.string(2, name));
    inner.string(2, subject).string(3, issuer);
  });
}

function writeFlags(writer: ProtoWriter, flags: string): void {
  for (const flag of flags.split(',')) {
    const field = flagFields[flag];
    if (field !== undefined) writer.bool(field, true);
    else if (flag === 'UAEX') writer.message(unauthorized, (details) => details.uint(1, 1));
  }
}

function writeMetadata(writer: ProtoWriter, { dynamicMetadata }: StreamInfo): void {
  if (!dynamicMetadata) return;
  writer.message(common.metadata, (metadata) => {
    for (const [namespace, struct] of dynamicMetadata) metadata.message(1, (entry) => entry.string(1, namespace).message(2, (inner) => writeStruct(inner, struct)));
  });
}

/** Texts: what filters leave is nothing else. */
function writeFilterState(writer: ProtoWriter, key: string, text: string | undefined): void {
  if (text === undefined) return;
  writer.message(common.filterState, (entry) => entry.string(1, key).message(2, (any) => any.string(1, stringValueUrl).message(2, (value) => value.string(1, text))));
}

function writeAddress(writer: ProtoWriter, field: number, { host, port, path }: Address): void {
  writer.message(field, (address) => {
    if (path !== undefined) address.message(2, (pipe) => pipe.string(1, path));
    else address.message(1, (socket) => socket.string(2, host).uint(3, port));
  });
}

/** `Duration` and `Timestamp` have the same fields. */
function writeMs(writer: ProtoWriter, field: number, ms: number | undefined): void {
  if (ms === undefined) return;
  const seconds = Math.floor(ms / 1000);
  writer.message(field, (time) => time.uint(1, seconds).uint(2, Math.round((ms - seconds * 1000) * 1e6)));
}
