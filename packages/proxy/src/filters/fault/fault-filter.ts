/**
 * `envoy.filters.http.fault`: makes requests wait or fail and responses slow, to see how callers bear it. A delay comes
 * first, an abort may follow it.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/fault_filter
 */
import type { Counter, Random, Timer, Timers } from '@sluice/kernel';
import type { Stream } from '../../stream.ts';
import { defineFilter, definePerRoute, routeConfigOf, type FilterContext, type FilterFactory, type HttpFilter, type StreamSlot } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';
import { decodeFault, faultTypeUrl, type FaultConfig } from './fault-config.ts';
import { compileFault, type FaultSettings } from './fault-settings.ts';
import { RateTransform } from './rate-transform.ts';

export const faultFactory: FilterFactory = defineFilter<FaultConfig>({
  name: 'envoy.filters.http.fault',
  typeUrl: faultTypeUrl,
  decode: decodeFault,
  create: (config, context) => new FaultFilter(compileFault(config, context), context),
  perRoute: definePerRoute<FaultConfig>({ typeUrl: faultTypeUrl, decode: decodeFault, create: compileFault }),
});

/** A stream that suffers. */
interface ActiveFault {
  delay: Timer | undefined;
  /** Of the response, in bytes per second; 0 for as fast as may be. */
  responseRate: number;
}

class FaultFilter implements HttpFilter {
  readonly name: string;
  readonly #settings: FaultSettings;
  readonly #random: Random;
  readonly #timers: Timers;
  readonly #faults: StreamSlot<ActiveFault>;
  readonly #delays: Counter;
  readonly #aborts: Counter;
  readonly #overflows: Counter;
  readonly #slowed: Counter;
  #active = 0;

  constructor(settings: FaultSettings, { filterName, statPrefix, random, timers, meter, slot }: FilterContext) {
    const labels = { envoy_http_conn_manager_prefix: statPrefix };
    const counter = (name: string, help: string): Counter => meter.counter(`envoy_http_fault_${name}`, help, labels);
    this.name = filterName;
    this.#settings = settings;
    this.#random = random;
    this.#timers = timers;
    this.#faults = slot();
    this.#delays = counter('delays_injected', 'requests that were made to wait');
    this.#aborts = counter('aborts_injected', 'requests that were made to fail');
    this.#overflows = counter('faults_overflow', 'requests that were spared because of max_active_faults');
    this.#slowed = counter('response_rl_injected', 'responses that were made slow');
    meter.observedGauge('envoy_http_fault_active_faults', 'requests that suffer now', () => this.#active, labels);
  }

  onRequest(stream: Stream): FilterVerdict {
    const settings = routeConfigOf<FaultSettings>(stream, this.name) ?? this.#settings;
    if (!settings.concerns(stream)) return 'continue';
    if (this.#active >= settings.activeFaultsMax) {
      this.#overflows.add();
      return 'continue';
    }
    const responseRate = settings.responseRateOf(stream.request, this.#random);
    if (responseRate > 0) this.#activate(stream).responseRate = responseRate;
    const delayMs = settings.delayOf(stream.request, this.#random);
    if (delayMs === 0) return this.#abort(stream, settings) ? 'replied' : 'continue';
    this.#delay(stream, settings, delayMs);
    return 'wait';
  }

  /** Apart from `onRequest`, where its closure would cost an object for each request, delayed or not. */
  #delay(stream: Stream, settings: FaultSettings, delayMs: number): void {
    this.#delays.add();
    stream.info.raise('DI');
    this.#activate(stream).delay = this.#timers.after(delayMs, () => {
      if (!this.#abort(stream, settings)) stream.continueRequest();
    });
  }

  onResponse(stream: Stream): void {
    const rate = this.#faults.get(stream)?.responseRate ?? 0;
    if (rate > 0 && stream.transformResponse((sink) => new RateTransform(rate, sink, this.#timers))) this.#slowed.add();
  }

  onEnd(stream: Stream): void {
    const fault = this.#faults.get(stream);
    if (!fault) return;
    fault.delay?.cancel();
    this.#active -= 1;
  }

  #abort(stream: Stream, settings: FaultSettings): boolean {
    const abort = settings.abortOf(stream.request, this.#random);
    if (!abort) return false;
    this.#aborts.add();
    this.#activate(stream);
    const { status, grpcStatus } = abort;
    stream.reply({ status, body: 'fault filter abort', details: 'fault_filter_abort', flag: 'FI', ...(grpcStatus === undefined ? {} : { grpcStatus }) });
    return true;
  }

  #activate(stream: Stream): ActiveFault {
    let fault = this.#faults.get(stream);
    if (!fault) {
      fault = { delay: undefined, responseRate: 0 };
      this.#faults.set(stream, fault);
      this.#active += 1;
    }
    return fault;
  }
}
