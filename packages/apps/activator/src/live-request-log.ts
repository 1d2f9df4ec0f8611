/** The request log as it is wanted at the moment: by the configuration, else by the command line. */
import type { Logger, Meter, Timers } from '@sluice/kernel';
import { createAccessLogOpener, createRequestLog, findTemplateFault, type AccessLogOutput, type RequestLog } from '@sluice/proxy';

export interface LiveRequestLogOptions {
  /** Of the command line; empty: none is wanted there. */
  readonly template: string;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Default standard output. */
  readonly open?: () => AccessLogOutput;
}

export class LiveRequestLog {
  readonly #options: LiveRequestLogOptions;
  #template = '';
  #output: AccessLogOutput | undefined;
  #current: RequestLog | undefined;

  constructor(options: LiveRequestLogOptions) {
    this.#options = options;
    this.apply(undefined);
  }

  /** Undefined: no line is written. */
  get current(): RequestLog | undefined {
    return this.#current;
  }

  /** Takes over what the configuration says; undefined when it wants none. */
  apply(wanted: { readonly template: string } | undefined): void {
    const template = wanted?.template ?? this.#options.template;
    if (template === this.#template) return;
    this.#template = template;
    this.#current = this.#open(template);
  }

  /** A template that cannot be read costs the log and nothing else. */
  #open(template: string): RequestLog | undefined {
    if (template === '') return undefined;
    const { logger, timers } = this.#options;
    const fault = findTemplateFault(template);
    if (fault !== undefined) {
      logger.error('request log not written', { template, reason: fault });
      return undefined;
    }
    this.#output ??= this.#openOutput();
    // Probes are answered before anything that is logged.
    return createRequestLog({ template, logsProbes: false, output: this.#output, timers });
  }

  #openOutput(): AccessLogOutput {
    const { meter, open } = this.#options;
    if (open) return open();
    const lost = (reason: string) => meter.counter('sluice_access_log_lost_total', 'Pieces of access log that were not written.', { reason });
    return createAccessLogOpener(lost('slow'), lost('failed'))('/dev/stdout');
  }
}
