/**
 * `envoy.filters.http.stateful_session`: brings clients back to the host that has answered them before, by what they
 * carry in a cookie or a header.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/stateful_session_filter
 */
import type { Checked } from '@sluice/kernel';
import { decodeDocument, MessageReader, type DecodeOptions, type Scope } from '@sluice/resources';
import type { Stream } from '../../stream.ts';
import { defineFilter, definePerRoute, routeConfigOf, type FilterContext, type FilterFactory, type HttpFilter, type StreamSlot } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';
import { readSessionState, type SessionState } from './session-state.ts';

interface SessionConfig {
  /** Undefined: no client is held anywhere. */
  readonly state: SessionState | undefined;
  /** Refuses requests whose host is gone, instead of sending them elsewhere. Default false, as Envoy. */
  readonly isStrict: boolean;
}

export const statefulSessionFactory: FilterFactory = defineFilter<SessionConfig>({
  name: 'envoy.filters.http.stateful_session',
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.stateful_session.v3.StatefulSession',
  decode: (value, path, options) => decodeDocument(value, path, options, readSession),
  create: (config, context) => new StatefulSessionFilter(config, context),
  perRoute: definePerRoute<SessionConfig>({
    typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute',
    decode: decodePerRoute,
    create: (config) => config,
  }),
});

const noSession: SessionConfig = { state: undefined, isStrict: false };

function readSession(json: unknown, scope: Scope): SessionConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const config = { state: reader.read('session_state', readSessionState), isStrict: reader.boolean('strict', false) };
  reader.ignore(['stat_prefix']);
  reader.refuse(['status_on_error']);
  reader.done();
  return config;
}

function decodePerRoute(value: unknown, path: string, options?: DecodeOptions): Checked<SessionConfig> {
  return decodeDocument(value, path, options, (json, scope) => {
    const reader = MessageReader.open(json, scope);
    const kind = reader?.oneof(['disabled', 'stateful_session'], true);
    if (kind === 'disabled') reader?.only(kind, true);
    const config = kind === 'stateful_session' ? reader?.read(kind, readSession) : noSession;
    reader?.done();
    return kind && config;
  });
}

class StatefulSessionFilter implements HttpFilter {
  readonly name: string;
  readonly #config: SessionConfig;
  /** Where clients say that they belong. */
  readonly #addresses: StreamSlot<string>;

  constructor(config: SessionConfig, { filterName, slot }: FilterContext) {
    this.name = filterName;
    this.#config = config;
    this.#addresses = slot();
  }

  onRequest(stream: Stream): FilterVerdict {
    const { state, isStrict } = this.#configOf(stream);
    const address = state?.read(stream.request);
    if (address === undefined) return 'continue';
    this.#addresses.set(stream, address);
    stream.preferredHost = { address, isStrict };
    return 'continue';
  }

  /** Only what a host has answered says where its client belongs. */
  onResponse(stream: Stream): void {
    const { state } = this.#configOf(stream);
    const { response, info, request } = stream;
    if (!state || !response || info.responseStartAt === 0 || info.upstreamHost === '') return;
    if (info.upstreamHost !== this.#addresses.get(stream)) state.write(response, request, info.upstreamHost);
  }

  #configOf(stream: Stream): SessionConfig {
    return routeConfigOf<SessionConfig>(stream, this.name) ?? this.#config;
  }
}
