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
    for (const name of ['config-server', 'controller', 'autoscaler', 'injector'] as const) expect(settingsOf(chart, name).systemNamespace).toBe('mesh');
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
    const targets = services.filter(({ name }) => !name.startsWith('autoscaler-bucket-') && !name.endsWith('-metrics')).map(({ name, selector = {}, ports = [] }) => {
      const led = components.filter((component) => isMatch(selector, chart.labelsOfPods(component)));
      const found = ports.map(({ targetPort }) => led.flatMap((component) => chart.container(component).ports).find((port) => port.name === targetPort)?.containerPort);
      return [name, led, found];
    });
    const translate = settingsOf(chart, 'config-server').translate;
    const { statsPort } = settingsOf(chart, 'autoscaler');
    const open = (...ports: number[]) => ports.filter((port) => port !== 0);
    expect(targets).toEqual([
      ['activator-service', ['activator'], open(translate.activator.http1Port, translate.activator.tlsPort)],
      ...(statsPort === 0 ? [] : [['autoscaler', ['autoscaler'], [statsPort]]]),
      ['sluice-config-server', ['config-server'], [portOf(settingsOf(chart, 'config-server').listen)]],
      ['sluice-gateway', ['gateway'], [...open(translate.gateway.externalPort, translate.gateway.externalTlsPort), ...translate.gateway.morePorts.map(({ containerPort }) => containerPort)]],
      ['sluice-gateway-internal', ['gateway'], open(translate.gateway.internalPort, translate.gateway.internalTlsPort)],
      ['sluice-injector', ['injector'], [settingsOf(chart, 'injector').port]],
    ]);
  });

  test('names of Routes lead to the gateways’ own Services', () => {
    const { gatewayService } = settingsOf(chart, 'controller');
    const { gatewayServices } = settingsOf(chart, 'config-server');
    const named = ({ metadata }: { readonly metadata: { readonly namespace?: string; readonly name: string } }) => `${metadata.namespace}/${metadata.name}`;
    expect(gatewayService).toBe(named(chart.get('Service', 'sluice-gateway-internal')));
    expect(gatewayServices).toEqual({ external: named(chart.get('Service', 'sluice-gateway')), internal: gatewayService });
  });

  test('whoever needs the config service is told its name and port', () => {
    const [port] = chart.get('Service', 'sluice-config-server').spec.ports ?? [];
    const address = `sluice-config-server.mesh.svc:${port?.port}`;
    for (const name of ['autoscaler', 'activator', 'gateway'] as const) expect(settingsOf(chart, name).configService).toBe(address);
    // Sidecars, who have it from the controller, could not show a certificate.
    expect(settingsOf(chart, 'controller').configService).toBe(settingsOf(chart, 'config-server').tls?.clientCertificateAuthority ? '' : address);
  });

  test('both ends of the channel speak TLS, or neither, and clients show what the config service asks for', () => {
    const server = settingsOf(chart, 'config-server').tls;
    const clients = (['autoscaler', 'activator', 'gateway'] as const).map((name) => settingsOf(chart, name).configServiceTls);
    for (const tls of clients) expect([tls !== undefined, tls?.identity !== undefined]).toEqual([server !== undefined, server?.clientCertificateAuthority !== undefined]);
    const sidecars = settingsOf(chart, 'controller');
    expect(sidecars.configServiceTls !== undefined).toBe(server !== undefined && sidecars.configService !== '');
    expect(chart.get('Service', 'sluice-config-server').spec.ports?.[0]?.appProtocol).toBe(server ? 'https' : 'kubernetes.io/h2c');
  });

  test.each(components)('%s finds the files that it is told of in Secrets that it mounts, each seen with the key only by its owner', (name) => {
    const told = chart.container(name).args.flatMap((arg) => /=(\/etc\/sluice\/.+)$/.exec(arg)?.[1] ?? []);
    const found = filesOf(chart, name);
    expect(told.filter((path) => !found.includes(path))).toEqual([]);
    const inVain = (chart.container(name).volumeMounts ?? []).filter(({ mountPath }) => !told.some((path) => path.startsWith(`${mountPath}/`)));
    expect(inVain).toEqual([]);
    for (const { secret } of chart.pod(name).volumes ?? []) {
      const isOwn = secret.secretName === (name === 'config-server' ? 'config-tls' : 'client-tls');
      expect(secret.items === undefined).toBe(isOwn);
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
      return [translate.activator.http1Port, translate.activator.tlsPort, settingsOf(chart, name).metricsPort].filter((port) => port !== 0);
    case 'gateway':
      return [translate.gateway.externalPort, translate.gateway.internalPort, translate.gateway.externalTlsPort, translate.gateway.internalTlsPort, ...translate.gateway.morePorts.map(({ containerPort }) => containerPort), settingsOf(chart, name).adminPort].filter((port) => port !== 0);
    case 'injector':
      return [settingsOf(chart, name).port, settingsOf(chart, name).metricsPort];
    case 'autoscaler':
      return [settingsOf(chart, name).metricsPort, settingsOf(chart, name).statsPort].filter((port) => port !== 0);
    default:
      return [settingsOf(chart, name).metricsPort];
  }
}

/** Where the keys of mounted Secrets are to be found. Of a whole one: those that a Secret of a certificate has. */
function filesOf(chart: RenderedChart, name: ComponentName): string[] {
  const { volumes = [] } = chart.pod(name);
  return (chart.container(name).volumeMounts ?? []).flatMap((mount) => {
    const volume = volumes.find((candidate) => candidate.name === mount.name);
    const keys = volume?.secret.items?.map(({ path }) => path) ?? ['tls.crt', 'tls.key', 'ca.crt'];
    return keys.map((key) => `${mount.mountPath}/${key}`);
  });
}

/** gRPC's own health service has no path; the pages beside a component have `/ready`. */
function readinessOf(chart: RenderedChart, name: ComponentName): { port: number; path: string | undefined } {
  if (name === 'config-server') {
    const { listen, metricsPort, tls } = settingsOf(chart, name);
    // The kubelet's own gRPC knows no TLS.
    return tls ? { port: metricsPort, path: '/ready' } : { port: portOf(listen), path: undefined };
  }
  if (name === 'gateway') return { port: settingsOf(chart, name).adminPort, path: '/ready' };
  return { port: settingsOf(chart, name).metricsPort, path: '/ready' };
}

function portOf(address: string): number {
  return Number(address.split(':').at(-1));
}

function isMatch(selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean {
  return Object.entries(selector).every(([label, value]) => labels[label] === value);
}
