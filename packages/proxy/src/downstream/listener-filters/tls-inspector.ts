/** `envoy.filters.listener.tls_inspector`: sees whether a connection begins with TLS, and for whom. */
import type { Buffer } from 'node:buffer';
import type { Counter, Meter } from '@sluice/kernel';
import { MessageReader, type Scope } from '@sluice/resources';
import type { ConnectionInfo } from '../connection-info.ts';
import { clientHelloBytesMax, readClientHello } from './client-hello.ts';
import { defineListenerFilter, needsMore, refusesConnection, type ListenerFilter } from './listener-filter.ts';

export interface TlsInspectorConfig {
  /** Default false: what begins like TLS and is none is served as bytes, as Envoy. */
  readonly refusesMalformed: boolean;
  /** Bytes of the first message. Default and most 16 KiB, as Envoy; whoever sends more is closed. */
  readonly clientHelloBytesMax: number;
}

export const tlsInspectorTypeName = 'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector';

/** What listeners get that need it and do not ask for it. */
export const defaultTlsInspector: TlsInspectorConfig = { refusesMalformed: false, clientHelloBytesMax };

export const tlsInspectorFactory = defineListenerFilter<TlsInspectorConfig>({
  typeName: tlsInspectorTypeName,
  read: readTlsInspector,
  create: (config, { meter }) => new TlsInspector(config, meter),
});

function readTlsInspector(json: unknown, scope: Scope): TlsInspectorConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const refusesMalformed = reader.boolean('close_connection_on_client_hello_parsing_errors', false);
  const bytesMax = reader.uint32('max_client_hello_size', clientHelloBytesMax, { min: 1, max: clientHelloBytesMax });
  reader.ignore(['initial_read_buffer_size', 'enable_ja3_fingerprinting', 'enable_ja4_fingerprinting']);
  reader.done();
  return { refusesMalformed, clientHelloBytesMax: bytesMax };
}

class TlsInspector implements ListenerFilter {
  /** With the heads of as many records as it may come in. */
  readonly bytesMax: number;
  readonly #refusesMalformed: boolean;
  readonly #messageBytesMax: number;
  readonly #count: Readonly<Record<'tlsFound' | 'tlsNotFound' | 'sniFound' | 'sniNotFound' | 'alpnFound' | 'alpnNotFound' | 'closed' | 'tooLarge', Counter>>;

  constructor({ refusesMalformed, clientHelloBytesMax: messageBytesMax }: TlsInspectorConfig, meter: Meter) {
    this.#refusesMalformed = refusesMalformed;
    this.#messageBytesMax = messageBytesMax;
    this.bytesMax = messageBytesMax + 64;
    const counter = (name: string, help: string) => meter.counter(`envoy_tls_inspector_${name}`, help);
    this.#count = {
      tlsFound: counter('tls_found', 'connections that begin with TLS'),
      tlsNotFound: counter('tls_not_found', 'connections that begin with something else'),
      sniFound: counter('sni_found', 'clients that name a server'),
      sniNotFound: counter('sni_not_found', 'clients that name none'),
      alpnFound: counter('alpn_found', 'clients that offer protocols'),
      alpnNotFound: counter('alpn_not_found', 'clients that offer none'),
      closed: counter('connection_closed', 'connections that ended before they could be told'),
      tooLarge: counter('client_hello_too_large', 'clients whose first message is too long'),
    };
  }

  inspect(bytes: Buffer, info: ConnectionInfo): number {
    const hello = readClientHello(bytes, this.#messageBytesMax);
    switch (hello.kind) {
      case 'incomplete':
        return needsMore;
      case 'not-tls':
        this.#count.tlsNotFound.add();
        return 0;
      case 'malformed':
        this.#count.tlsNotFound.add();
        return this.#refusesMalformed ? refusesConnection : 0;
      case 'too-large':
        this.#count.tooLarge.add();
        return refusesConnection;
      case 'hello':
        info.transportProtocol = 'tls';
        info.serverName = hello.serverName;
        info.applicationProtocols = hello.applicationProtocols;
        this.#count.tlsFound.add();
        (hello.serverName === '' ? this.#count.sniNotFound : this.#count.sniFound).add();
        (hello.applicationProtocols.length === 0 ? this.#count.alpnNotFound : this.#count.alpnFound).add();
        return 0;
    }
  }

  onGivenUp(reason: 'closed' | 'timeout' | 'too-large'): void {
    if (reason === 'closed') this.#count.closed.add();
    if (reason === 'too-large') this.#count.tooLarge.add();
  }
}
