/** Config service, controller and autoscaler: each `main.ts` again, with the simulated world in place of the real one. */
import { composeAutoscaler, readSettings as readAutoscalerSettings } from '@sluice/autoscaler';
import { composeConfigServer, readConfigServerSettings } from '@sluice/config-server';
import { composeServingController, readConfig as readControllerSettings } from '@sluice/controller';
import { parseAddress } from '@sluice/kernel';
import { connectToApi, settingsOf, type Component, type ComponentContext } from './component.ts';
import { readyPage, servePage } from './page.ts';

export function makeConfigServer(context: ComponentContext): Component {
  const { world, sandbox, network, flags, spec } = context;
  const { clock, timers, random, logger, meter } = sandbox;
  const settings = settingsOf(readConfigServerSettings(flags, spec.env));
  const address = parseAddress(settings.listen);
  const { translate } = settings;
  const service = composeConfigServer({
    ...settings,
    // Judges read the gateway's access log, wherever the installation would have it.
    translate: { ...translate, gateway: { ...translate.gateway, accessLogPath: '/dev/stdout' } },
    clock,
    timers,
    random,
    logger,
    meter,
    codec: world.codec,
    client: connectToApi(context, 'sluice-config-server'),
    async listen(handlers) {
      const stop = world.fabric.serve(sandbox, handlers);
      // Streams do not come this way; the kubelet asks whether something listens on the port.
      const listener = await network.listen(address, (connection) => connection.destroy());
      return {
        port: address.port,
        setServing() {},
        async stop() {
          stop();
          await listener.close();
        },
      };
    },
  });
  return { start: () => service.start(), stop: () => service.stop() };
}

export function makeController(context: ComponentContext): Component {
  const { sandbox, network, flags, spec } = context;
  const { clock, timers, random, logger, meter } = sandbox;
  const { authoritySecret, configService, systemNamespace, metricsHost, metricsPort } = settingsOf(readControllerSettings(flags, spec.env));
  const client = connectToApi(context, 'sluice-controller');
  const controller = composeServingController({ client, authoritySecret, configService, systemNamespace, clock, timers, random, logger, meter });
  return {
    async start() {
      await servePage(network, { host: metricsHost, port: metricsPort }, readyPage(() => controller.hasSynced));
      await controller.start();
    },
    stop: () => controller.stop(),
  };
}

export function makeAutoscaler(context: ComponentContext): Component {
  const { world, sandbox, network, flags, spec } = context;
  const { clock, timers, random, logger, meter } = sandbox;
  const { metricsHost, metricsPort, systemNamespace, podName } = settingsOf(readAutoscalerSettings(flags, spec.env));
  const loadTransport = world.fabric.connect(sandbox);
  const autoscaler = composeAutoscaler({
    client: connectToApi(context, 'sluice-autoscaler'),
    configService: '127.0.0.1:18000',
    openLoad: async () => loadTransport,
    systemNamespace,
    identity: podName,
    clock,
    timers,
    random,
    logger,
    meter,
  });
  return {
    async start() {
      await servePage(network, { host: metricsHost, port: metricsPort }, readyPage(() => autoscaler.hasSynced));
      await autoscaler.start();
    },
    async stop() {
      await autoscaler.stop();
      loadTransport.close();
    },
  };
}
