/** The components as the chart starts them: what each executable is told, where it listens, what it is allowed. */
import { beforeAll, describe, expect, test } from 'vitest';
import { kubernetesToolsMissing } from '../support/kubernetes-tools.ts';
import { render } from './helm.ts';
import { components, type ComponentName, type RenderedChart } from './rendered-chart.ts';
import { readSettings, settingsOf } from './settings.ts';
import { variants } from './variants.ts';

describe.skipIf(kubernetesToolsMissing !== undefined).each(variants)('with $name', ({ set }) => {
  let chart: RenderedChart;
  beforeAll(async () => {
    chart = await render({ set });
  });

  test.each(components)('%s understands all it is told, and is told nothing in vain', (name) => {
    const { problems, unreadVariables } = readSettings(chart, name);
    expect({ problems, unreadVariables }).toEqual({ problems: [], unreadVariables: [] });
  });

  test('all know the namespace they are in', () => {
    for (const name of ['config-server', 'controller', 'autoscaler'] as const) expect(settingsOf(chart, name).systemNamespace).toBe('mesh');
    for (const name of ['activator', 'gateway'] as const) expect(settingsOf(chart, name).identity.namespace).toBe('mesh');
  });

  test.each(components)('%s opens the ports that it listens on, and no others', (name) => {
    const opened = chart.container(name).ports.map(({ containerPort }) => containerPort);
    expect(opened.toSorted()).toEqual(listeningPorts(chart, name).toSorted());
  });

  test.each(components)('%s is asked for its readiness where it answers', (name) => {
    const { readinessProbe, ports } = chart.container(name);
    const { httpGet, grpc } = readinessProbe;
    const asked = grpc?.port ?? ports.find((port) => port.name === httpGet?.port)?.containerPort;
    expect({ port: asked, path: httpGet?.path }).toEqual(readinessOf(chart, name));
  });

  test('each Service leads to one component, at a port that is open there', () => {
    const services = chart.ofKind('Service').map(({ metadata: { name } }) => ({ name, ...chart.get('Service', name).spec }));
    const targets = services.filter(({ name }) => !name.startsWith('autoscaler-bucket-')).map(({ name, selector = {}, ports = [] }) => {
      const led = components.filter((component) => isMatch(selector, chart.labelsOfPods(component)));
      const found = ports.map(({ targetPort }) => led.flatMap((component) => chart.container(component).ports).find((port) => port.name === targetPort)?.containerPort);
      return [name, led, found];
    });
    const translate = settingsOf(chart, 'config-server').translate;
    const { statsPort } = settingsOf(chart, 'autoscaler');
    const httpsPort = [translate.gateway.externalTlsPort].filter((port) => port !== 0);
    expect(targets).toEqual([
      ['activator-service', ['activator'], [translate.activator.http1Port]],
      ...(statsPort === 0 ? [] : [['autoscaler', ['autoscaler'], [statsPort]]]),
      ['sluice-config-server', ['config-server'], [portOf(settingsOf(chart, 'config-server').listen)]],
      ['sluice-gateway', ['gateway'], [translate.gateway.externalPort, ...httpsPort]],
      ['sluice-gateway-internal', ['gateway'], [translate.gateway.internalPort]],
    ]);
  });

  test('whoever needs the config service is told its name and port', () => {
    const [port] = chart.get('Service', 'sluice-config-server').spec.ports ?? [];
    for (const name of ['controller', 'autoscaler', 'activator', 'gateway'] as const) {
      expect(settingsOf(chart, name).configService).toBe(`sluice-config-server.mesh.svc:${port?.port}`);
    }
  });

  test.each(['activator', 'gateway'] as const)('%s has the time that its drain takes', (name) => {
    const { drainGraceMs, drainDeadlineMs } = settingsOf(chart, name);
    expect(drainDeadlineMs).toBeGreaterThan(drainGraceMs);
    expect(chart.pod(name).terminationGracePeriodSeconds * 1000).toBeGreaterThan(drainDeadlineMs);
  });

  test.each(components)('pods of %s meet the restricted profile', (name) => {
    const { securityContext, containers } = chart.pod(name);
    expect(securityContext).toEqual({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    for (const container of containers) {
      expect(container.securityContext).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
    }
  });

  test.each(components)('the Deployment of %s selects its own pods and no others', (name) => {
    const { matchLabels = {} } = chart.get('Deployment', `sluice-${name}`).spec.selector;
    expect(components.filter((component) => isMatch(matchLabels, chart.labelsOfPods(component)))).toEqual([name]);
    expect(Object.keys(matchLabels)).not.toContain('app.kubernetes.io/version');
  });
});

/** What the settings say about where it listens; the proxies are told by the config service. */
function listeningPorts(chart: RenderedChart, name: ComponentName): number[] {
  const { listen, metricsPort, translate } = settingsOf(chart, 'config-server');
  switch (name) {
    case 'config-server':
      return [portOf(listen), metricsPort];
    case 'activator':
      return [translate.activator.http1Port, settingsOf(chart, name).metricsPort];
    case 'gateway':
      return [translate.gateway.externalPort, translate.gateway.internalPort, translate.gateway.externalTlsPort, settingsOf(chart, name).adminPort].filter((port) => port !== 0);
    case 'autoscaler':
      return [settingsOf(chart, name).metricsPort, settingsOf(chart, name).statsPort].filter((port) => port !== 0);
    default:
      return [settingsOf(chart, name).metricsPort];
  }
}

/** gRPC's own health service has no path; the pages beside a component have `/ready`. */
function readinessOf(chart: RenderedChart, name: ComponentName): { port: number; path: string | undefined } {
  if (name === 'config-server') return { port: portOf(settingsOf(chart, name).listen), path: undefined };
  if (name === 'gateway') return { port: settingsOf(chart, name).adminPort, path: '/ready' };
  return { port: settingsOf(chart, name).metricsPort, path: '/ready' };
}

function portOf(address: string): number {
  return Number(address.split(':').at(-1));
}

function isMatch(selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(selector).every(([label, value]) => labels[label] === value);
}
