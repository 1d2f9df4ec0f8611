/** The gateway's admin pages, under Envoy's names: `/ready`, `/config_dump`, `/clusters`, `/stats/prometheus`, … */
import type { Clock, Meter } from '@sluice/kernel';
import { createAdmin, gatherFirst, startAdminServer, type Admin, type AdminServer, type Fleet } from '@sluice/proxy';
import { createMetricsRenderer, logLevels, toConventions, type MetricsRenderer, type OpenLogger } from '@sluice/telemetry';
import type { Gateway } from './compose.ts';
import type { GatewaySettings } from './config.ts';

export interface OpenAdminOptions {
  readonly gateway: Gateway;
  readonly fleet: Fleet | undefined;
  readonly settings: GatewaySettings;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly startedAt: number;
  readonly logging: OpenLogger;
  readonly quit: () => void;
}

/** Envoy's word for our `warn`. */
const ourLevels: Readonly<Record<string, string>> = { warning: 'warn', trace: 'debug', critical: 'error', off: 'error' };

/** Undefined when the port is 0. */
export async function openAdmin(options: OpenAdminOptions): Promise<AdminServer | undefined> {
  const { gateway, fleet, settings, clock, meter, startedAt, logging, quit } = options;
  if (settings.adminPort === 0) return undefined;
  const { pod, podIp, namespace } = settings.identity;
  const admin = gatherFirst(fleet, createAdmin({
    proxy: gateway.proxy,
    store: gateway.applier.store,
    meter: fleet?.meter ?? meter,
    clock,
    bootstrap: {},
    node: { id: `gateway~${podIp}~${pod}.${namespace}`, cluster: 'sluice-gateway', metadata: {}, locality: undefined },
    version: 'sluice',
    commandLineOptions: {},
    startedAt,
    drain: { deadlineMs: settings.drainDeadlineMs },
    setLogLevel: (asked) => {
      const level = logLevels.find((known) => known === (ourLevels[asked] ?? asked));
      if (level !== undefined) logging.setLevel(level);
    },
    quit,
    allowPaths: [],
    // Whoever reaches the port may look, and no more.
    allowsChanges: false,
  }));
  return startAdminServer(withMetrics(admin, fleet?.meter ?? meter), { host: settings.adminHost, port: settings.adminPort });
}

/** `/metrics` as every component has it: what `/stats/prometheus` says under Envoy's names, by Prometheus' conventions. */
function withMetrics(admin: Admin, meter: Meter): Admin {
  // Loaded by the first who asks.
  let renderer: Promise<MetricsRenderer> | undefined;
  return {
    async handle(request) {
      if (request.target.split('?')[0] !== '/metrics') return admin.handle(request);
      renderer ??= createMetricsRenderer({ processMetrics: true });
      const { contentType, text } = await (await renderer).render(toConventions(meter.collect()));
      return { status: 200, contentType, body: text };
    },
  };
}
