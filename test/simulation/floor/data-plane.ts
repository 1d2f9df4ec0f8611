/** The proxies in their seats: each `main.ts` again, with the simulated world in place of the real one. */
import { THROTTLER_QUEUE_DEPTH } from '@sluice/admission';
import { composeActivator, readSettings as readActivatorSettings } from '@sluice/activator';
import { composeGateway, readSettings as readGatewaySettings } from '@sluice/gateway';
import { composeQueueProxy, createLoadReports, readSettings as readQueueProxySettings, waitForDrain } from '@sluice/queue-proxy';
import type { Proxy } from '@sluice/proxy';
import { observeAccessLog } from './access-log.ts';
import { settingsOf, type Component, type ComponentContext } from './component.ts';
import { readyPage, servePage } from './page.ts';

export function makeGateway(context: ComponentContext): Component {
  const { world, sandbox, network, flags, spec } = context;
  const settings = settingsOf(readGatewaySettings(flags, spec.env));
  const transport = world.fabric.connect(sandbox);
  const gateway = composeGateway({
    // What proxies are told is judged by the whole states that this variant has.
    variant: 'sotw',
    ...effectsOf(context),
    settings,
    transport,
    codec: world.codec,
    regexEngine: world.regexEngine,
    network,
    openAccessLog: observeAccessLog(context),
  });
  return {
    async start() {
      const { adminHost, adminPort } = settings;
      await servePage(network, { host: adminHost, port: adminPort }, readyPage(() => gateway.proxy.ready));
      gateway.start();
    },
    async stop() {
      await gateway.drain();
      transport.close();
    },
    proxy: gateway.proxy,
    held: () => heldBy(gateway.proxy),
  };
}

export function makeActivator(context: ComponentContext): Component {
  const { world, sandbox, network, flags, spec } = context;
  const settings = settingsOf(readActivatorSettings(flags, spec.env));
  const transport = world.fabric.connect(sandbox);
  const activator = composeActivator({
    ...effectsOf(context),
    settings,
    transport,
    codec: world.codec,
    regexEngine: world.regexEngine,
    network,
  });
  return {
    async start() {
      const { metricsHost, metricsPort } = settings;
      await servePage(network, { host: metricsHost, port: metricsPort }, readyPage(() => activator.proxy.ready));
      activator.start();
    },
    async stop() {
      await activator.drain();
      transport.close();
    },
    proxy: activator.proxy,
    held() {
      const held = new Map(heldBy(activator.proxy));
      for (const { key, inFlight, waiting } of activator.revisions()) {
        held.set(`places in flight to ${key}`, inFlight);
        held.set(`places in the queue of ${key}`, waiting);
      }
      return held;
    },
    gauges: () => activator.revisions().map(({ key, waiting }) => ({ what: `queue of ${key}`, value: waiting, limit: THROTTLER_QUEUE_DEPTH })),
  };
}

export function makeQueueProxy(context: ComponentContext): Component {
  const { world, sandbox, network, flags, spec } = context;
  const { timers } = sandbox;
  const settings = settingsOf(readQueueProxySettings(flags, spec.env));
  const queueProxy = composeQueueProxy({ ...effectsOf(context), settings, network });
  const transport = world.fabric.connect(sandbox);
  const reports = createLoadReports({ ...effectsOf(context), settings, load: queueProxy.load, transport });
  let isTerminating = false;
  return {
    async start() {
      await queueProxy.start();
      const drain = { drainer: queueProxy.drainer, timers, isTerminating: () => isTerminating };
      await servePage(network, { host: '0.0.0.0', port: settings.adminPort }, (_, answer) => waitForDrain(drain, () => answer(200)));
      reports.start();
    },
    async stop() {
      isTerminating = true;
      await queueProxy.drain();
      reports.stop();
      transport.close();
    },
    proxy: queueProxy.proxy,
    held: () => new Map([...heldBy(queueProxy.proxy), ['requests counted', queueProxy.load.stats.concurrency], ['queue slots', queueDepthOf(context)]]),
    gauges: () => queueGauges(context, settings.containerConcurrency),
  };
}

/** What every composition takes from its process. */
function effectsOf({ sandbox: { clock, timers, random, logger, meter } }: ComponentContext) {
  return { clock, timers, random, logger, meter };
}

/** Requests in the breaker, waiting ones included. */
function queueDepthOf({ sandbox }: ComponentContext): number {
  return sandbox.meter.collect().find(({ name }) => name === 'kn_serving_queue_depth')?.samples[0]?.value ?? 0;
}

function queueGauges(context: ComponentContext, containerConcurrency: number) {
  // Knative's sidecar lets ten times its limit wait.
  const limit = 11 * containerConcurrency;
  return containerConcurrency === 0 ? [] : [{ what: 'queue', value: queueDepthOf(context), limit }];
}

/** What a proxy holds for requests. */
function heldBy(proxy: Proxy): ReadonlyMap<string, number> {
  const held = new Map([['streams', proxy.activeStreams]]);
  for (const { name, activeRequests, pendingRequests, hosts } of proxy.clusters()) {
    held.set(`requests of cluster ${name}`, activeRequests);
    held.set(`pending requests of cluster ${name}`, pendingRequests);
    held.set(`requests of hosts of ${name}`, hosts.reduce((sum, host) => sum + host.activeRequests, 0));
  }
  return held;
}
