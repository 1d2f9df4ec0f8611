/**
 * What a span says: OpenTelemetry's semantic conventions for HTTP (https://opentelemetry.io/docs/specs/semconv/http/http-spans/)
 * where they have a name, else the names of Envoy's tags.
 */
import type { Span } from '@sluice/kernel';
import type { Outcome } from '../outcome.ts';
import type { Stream } from '../stream.ts';
import type { SpanTag, TracingConfig } from './tracing-config.ts';

/** A span whose stream has not ended. */
export interface OpenSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  /** More comes in at the end. */
  readonly attributes: Record<string, string | number>;
}

/** As the client has sent it: routes may change it on its way. */
export function describeRequest(stream: Stream, config: TracingConfig): Record<string, string | number> {
  const { request, info, clientHost } = stream;
  const { path } = request;
  const queryAt = path.indexOf('?');
  const attributes: Record<string, string | number> = {
    'http.request.method': request.method,
    'url.path': (queryAt < 0 ? path : path.slice(0, queryAt)).slice(0, config.pathBytesMax),
    'url.scheme': info.scheme,
    'server.address': hostOf(request.authority),
    'client.address': clientHost,
    'network.protocol.version': info.protocol === 'HTTP/2' ? '2' : info.protocol.slice('HTTP/'.length),
  };
  const requestId = request.get('x-request-id');
  if (requestId !== undefined) attributes['guid:x-request-id'] = requestId;
  const userAgent = request.get('user-agent');
  if (userAgent !== undefined) attributes['user_agent.original'] = userAgent;
  addTags(attributes, config, stream, false);
  return attributes;
}

export function describeStream(stream: Stream, { attributes, ...ids }: OpenSpan, outcome: Outcome, config: TracingConfig): Span {
  const { info } = stream;
  const { kind, origin } = config;
  addTags(attributes, config, stream, true);
  if (info.status > 0) attributes['http.response.status_code'] = info.status;
  attributes['http.request.body.size'] = info.bytesReceived;
  attributes['http.response.body.size'] = info.bytesSent;
  if (info.clusterName !== '') attributes['upstream_cluster'] = info.clusterName;
  if (info.upstreamHost !== '') attributes['upstream_address'] = info.upstreamHost;
  if (info.attempts > 1) attributes['http.request.resend_count'] = info.attempts - 1;
  attributes['response_flags'] = info.flags === '' ? '-' : info.flags;
  const failed = info.status === 0 || info.status >= 500 || (info.flags !== '' && outcome.status === 0);
  if (failed) attributes['error.type'] = info.status >= 500 ? String(info.status) : info.details;
  return { ...ids, kind, origin, startWallTime: info.startWallTime, endWallTime: info.startWallTime + Math.max(0, info.endAt - info.startAt), attributes, status: failed ? 'error' : 'unset' };
}

/** A route's count before the manager's. */
function addTags(attributes: Record<string, string | number>, { tags }: TracingConfig, stream: Stream, isLate: boolean): void {
  addThese(attributes, tags, stream, isLate);
  if (stream.route?.tracing) addThese(attributes, stream.route.tracing.tags, stream, isLate);
}

function addThese(attributes: Record<string, string | number>, tags: readonly SpanTag[], stream: Stream, isLate: boolean): void {
  for (const tag of tags) {
    if (tag.isLate !== isLate) continue;
    const value = tag.read(stream);
    if (value !== undefined) attributes[tag.name] = value;
  }
}

/** Without the port; IPv6 addresses stay in their brackets. */
function hostOf(authority: string): string {
  return authority.replace(/:\d*$/, '');
}
