/**
 * What a sidecar needs before it serves only where its settings ask for it: a certificate, a request log, a tracer. Loaded
 * then, so that all others start without it.
 */
import { join } from 'node:path';
import { MeshError, type Logger, type Meter, type Network, type Timers } from '@sluice/kernel';
import { createAccessLogOpener, createRequestLog, findTemplateFault, type RequestLog, type TransportSocket } from '@sluice/proxy';
import { openTracer, readTracerSettings, type OpenTracer } from '@sluice/telemetry';
import type { QueueProxySettings } from './config.ts';
import { createServingTls } from './serving-tls.ts';

export interface AskedFor {
  readonly transportSocket?: TransportSocket | undefined;
  readonly requestLog?: RequestLog | undefined;
  readonly tracer?: OpenTracer | undefined;
}

export interface AskedForOptions {
  readonly settings: QueueProxySettings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether there is a certificate. */
  readonly hasCertificate: boolean;
  readonly network: Network;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
}

export function openAskedFor(options: AskedForOptions): AskedFor {
  return { transportSocket: openTransportSocket(options), requestLog: openRequestLog(options), tracer: openSpans(options) };
}

function openTransportSocket({ settings, hasCertificate, network, timers, logger }: AskedForOptions): TransportSocket | undefined {
  if (!hasCertificate) return undefined;
  const { certificateDirectory, tls } = settings;
  if (!network.tls) throw new MeshError('tls-not-spoken', `serve TLS with the certificate in ${certificateDirectory}: this network does not speak it`);
  const files = { certificate: join(certificateDirectory, 'tls.crt'), key: join(certificateDirectory, 'tls.key') };
  return createServingTls({ files, settings: tls, transport: network.tls, timers, logger });
}

/** A template that cannot be read costs the log and nothing else. */
function openRequestLog({ settings, timers, logger, meter }: AskedForOptions): RequestLog | undefined {
  const asked = settings.observability.requestLog;
  if (!asked) return undefined;
  const fault = findTemplateFault(asked.template);
  if (fault !== undefined) {
    logger.error('request log not written', { template: asked.template, reason: fault });
    return undefined;
  }
  const lost = (reason: string) => meter.counter('sluice_access_log_lost_total', 'Pieces of access log that were not written.', { reason });
  return createRequestLog({ ...asked, output: createAccessLogOpener(lost('slow'), lost('failed'))('/dev/stdout'), timers });
}

function openSpans({ settings, environment, timers, logger, meter }: AskedForOptions): OpenTracer | undefined {
  const { observability, identity } = settings;
  if (!observability.tracing) return undefined;
  const { endpoint, protocol } = observability.tracing;
  const found = readTracerSettings(environment, identity.service || identity.revision);
  return openTracer({ ...found, endpoint: found.endpoint ?? endpoint, protocol: found.endpoint === undefined ? protocol : 'http/protobuf', timers, logger, meter });
}
