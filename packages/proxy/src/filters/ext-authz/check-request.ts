/**
 * `envoy.service.auth.v3.CheckRequest` on the wire. The numbers are those of
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/auth/v3/attribute_context.proto
 */
import type { Buffer } from 'node:buffer';
import type { RequestHead } from '@sluice/http';
import type { Address } from '@sluice/kernel';
import { ProtoWriter } from '../../grpc/proto-writer.ts';
import { writeStruct } from '../../grpc/proto-struct.ts';
import { schemeOf } from '../../router/head-test.ts';
import type { StringTest } from '../../router/string-test.ts';
import type { CertificateFacts } from '../../tls/certificate-facts.ts';
import { partialBodyHeader, type CheckSubject } from './checker.ts';

export interface CheckRequestOptions {
  readonly isShown: StringTest;
  /** Ms since the epoch. */
  readonly wallTime: number;
  /** Bodies go as bytes instead of as text. */
  readonly packsBodyAsBytes: boolean;
  /** Dynamic metadata of these namespaces goes along. */
  readonly metadataNamespaces: readonly string[];
  readonly includesCertificate: boolean;
  readonly includesTlsSession: boolean;
}

const attributes = { source: 1, destination: 2, request: 4, contextExtensions: 10, metadataContext: 11, tlsSession: 12 } as const;
const peer = { address: 1, service: 2, principal: 4, certificate: 5 } as const;
const socketAddress = { address: 2, port: 3 } as const;
const http = { id: 1, method: 2, headers: 3, path: 4, host: 5, scheme: 6, size: 9, protocol: 10, body: 11, rawBody: 12 } as const;

export function encodeCheckRequest(subject: CheckSubject, options: CheckRequestOptions): Buffer {
  const { stream, contextExtensions } = subject;
  const { info, request } = stream;
  const context = new ProtoWriter();
  context.message(attributes.source, (writer) => {
    writePeer(writer, info.downstreamRemote, request.get('x-envoy-downstream-service-cluster') ?? '');
    writeCertificate(writer, info.connection?.tls?.peer, options.includesCertificate);
  });
  context.message(attributes.destination, (writer) => {
    writePeer(writer, info.downstreamLocal, '');
    writeCertificate(writer, info.connection?.tls?.local, false);
  });
  context.message(attributes.request, (writer) => {
    writer.message(1, (time) => time.uint(1, Math.floor(options.wallTime / 1000)).uint(2, Math.floor((options.wallTime % 1000) * 1e6)));
    writer.message(2, (inner) => writeHttp(inner, subject, options));
  });
  for (const [key, value] of contextExtensions) context.entry(attributes.contextExtensions, key, value);
  context.message(attributes.metadataContext, (writer) => {
    for (const namespace of options.metadataNamespaces) {
      const struct = info.dynamicMetadata?.get(namespace);
      if (struct) writer.message(1, (entry) => entry.string(1, namespace).message(2, (inner) => writeStruct(inner, struct)));
    }
  });
  const { connection } = info;
  if (options.includesTlsSession && connection?.tls) context.message(attributes.tlsSession, (writer) => writer.string(1, connection.serverName));
  return new ProtoWriter().bytes(1, context.finish()).finish();
}

function writePeer(writer: ProtoWriter, { host, port }: Address, service: string): void {
  writer.message(peer.address, (address) => {
    address.message(1, (socket) => socket.string(socketAddress.address, host).uint(socketAddress.port, port));
  });
  writer.string(peer.service, service);
}

/** Who it is by its certificate: the first URI, else the first DNS name, else the subject. */
function writeCertificate(writer: ProtoWriter, certificate: CertificateFacts | undefined, isWhole: boolean): void {
  if (!certificate) return;
  writer.string(peer.principal, certificate.uriNames[0] ?? certificate.dnsNames[0] ?? certificate.subject);
  if (isWhole) writer.string(peer.certificate, certificate.encodedPem);
}

function writeHttp(writer: ProtoWriter, { stream, body, isPartial }: CheckSubject, { isShown, packsBodyAsBytes }: CheckRequestOptions): void {
  const { request, info } = stream;
  const scheme = schemeOf(request);
  writer.string(http.id, request.get('x-request-id') ?? '').string(http.method, request.method);
  for (const [name, value] of headersOf(request, scheme)) if (isShown(name)) writer.entry(http.headers, name, value);
  if (body) writer.entry(http.headers, partialBodyHeader, String(isPartial));
  writer.string(http.path, request.path).string(http.host, request.authority).string(http.scheme, scheme);
  writer.uint(http.size, request.framing === 'length' ? request.contentLength : info.bytesReceived).string(http.protocol, info.protocol);
  if (body && packsBodyAsBytes) writer.bytes(http.rawBody, body);
  else if (body) writer.string(http.body, body.toString('utf8'));
}

/** With the fields that HTTP/2 has them in, whatever the client speaks; of several lines of a name their list. */
function headersOf(request: RequestHead, scheme: string): ReadonlyMap<string, string> {
  const headers = new Map([[':authority', request.authority], [':path', request.path], [':method', request.method], [':scheme', scheme]]);
  request.forEach((name, value) => {
    if (name === 'host') return;
    const earlier = headers.get(name);
    headers.set(name, earlier === undefined ? value : `${earlier},${value}`);
  });
  return headers;
}
