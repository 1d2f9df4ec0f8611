/**
 * `envoy.filters.listener.http_inspector`: sees whether a connection that is not TLS begins with HTTP, and which: the
 * preface of HTTP/2 gives `h2c`, a request line `http/1.0` or `http/1.1`. What else there is leaves no protocol.
 */
import type { Buffer } from 'node:buffer';
import { clientPreface } from '@sluice/http';
import type { Counter, Meter } from '@sluice/kernel';
import { MessageReader } from '@sluice/resources';
import type { ConnectionInfo } from '../connection-info.ts';
import { defineListenerFilter, needsMore, type ListenerFilter } from './listener-filter.ts';

export const httpInspectorTypeName = 'envoy.extensions.filters.listener.http_inspector.v3.HttpInspector';

export const httpInspectorFactory = defineListenerFilter<object>({
  typeName: httpInspectorTypeName,
  read(json, scope) {
    const reader = MessageReader.open(json, scope);
    reader?.done();
    return reader && {};
  },
  create: (_config, { meter }) => new HttpInspector(meter),
});

/** Longer request lines are not waited for: Envoy's buffer. */
const requestLineBytesMax = 8 * 1024;

/** Methods are tokens; the longest registered one (UPDATEREDIRECTREF) has 17 letters. */
const methodBytesMax = 32;

class HttpInspector implements ListenerFilter {
  readonly bytesMax = requestLineBytesMax + 1;
  readonly #count: Readonly<Record<'http10' | 'http11' | 'http2' | 'notFound', Counter>>;

  constructor(meter: Meter) {
    const counter = (name: string, help: string) => meter.counter(`envoy_http_inspector_${name}`, help);
    this.#count = {
      http10: counter('http10_found', 'connections that begin with HTTP/1.0'),
      http11: counter('http11_found', 'connections that begin with HTTP/1.1'),
      http2: counter('http2_found', 'connections that begin with the preface of HTTP/2'),
      notFound: counter('http_not_found', 'connections that begin with something else'),
    };
  }

  inspect(bytes: Buffer, info: ConnectionInfo): number {
    if (info.transportProtocol === 'tls') return 0;
    const protocol = protocolOf(bytes);
    if (protocol === undefined) return needsMore;
    const count = { 'http/1.0': this.#count.http10, 'http/1.1': this.#count.http11, h2c: this.#count.http2, '': this.#count.notFound };
    count[protocol].add();
    if (protocol !== '') info.applicationProtocols = [protocol];
    return 0;
  }
}

/** Undefined while it cannot be told. */
export function protocolOf(bytes: Buffer): 'http/1.0' | 'http/1.1' | 'h2c' | '' | undefined {
  const compared = Math.min(bytes.length, clientPreface.length);
  if (clientPreface.compare(bytes, 0, compared, 0, compared) === 0) return compared === clientPreface.length ? 'h2c' : undefined;
  const lineEnd = bytes.indexOf(0x0a);
  if (lineEnd === -1) return couldBeRequestLine(bytes) ? undefined : '';
  const line = bytes.toString('latin1', 0, lineEnd);
  const [, minor] = /^[!#$%&'*+\-.^_`|~\w]{1,32} [^ ]+ HTTP\/1\.([01])\r?$/.exec(line) ?? [];
  if (minor === undefined) return '';
  return minor === '0' ? 'http/1.0' : 'http/1.1';
}

/** Whether a line that has not ended may still become one. */
function couldBeRequestLine(bytes: Buffer): boolean {
  if (bytes.length > requestLineBytesMax) return false;
  const method = bytes.toString('latin1', 0, Math.min(bytes.length, methodBytesMax + 1));
  return /^[!#$%&'*+\-.^_`|~\w]{0,32}$/.test(method) || /^[!#$%&'*+\-.^_`|~\w]{1,32} /.test(method);
}
