/** The charts as helm sees them: right in form, the same each time, and closed to what they do not know. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { kubernetesTools, kubernetesToolsMissing } from '../support/kubernetes-tools.ts';
import { chartFolder, lint, render, renderText } from './helm.ts';

describe.skipIf(kubernetesToolsMissing !== undefined)('helm', () => {
  beforeAll(() => kubernetesTools());

  test.each(['sluice', 'sluice-crds'] as const)('finds nothing to say against %s', async (chart) => {
    expect(await lint(chart)).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  test('puts everything that has a namespace into that of the release', async () => {
    const { objects } = await render({ namespace: 'elsewhere' });
    const clusterWide = ['ClusterRole', 'ClusterRoleBinding', 'IngressClass', 'GatewayClass', 'MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];
    const astray = objects.filter(({ kind, metadata }) => metadata.namespace !== (clusterWide.includes(kind ?? '') ? undefined : 'elsewhere'));
    expect(astray).toEqual([]);
  });

  test.each([
    ['gatway.replicas=2', /gatway is not allowed/],
    ['gateway.servce.port=80', /servce is not allowed/],
    ['activator.resources.limit.memory=1Gi', /limit is not allowed/],
    ['controller.replicas=0', /Must be greater than or equal to 1/],
    ['leaderElectionConfig.buckets=11', /Must be less than or equal to 10/],
    ['leaderElectionConfig.retry-period=1500ms', /Does not match pattern/],
    ['leaderElectionConfig.renew-deadline=15s', /lease-duration \(15s\) must be longer than renew-deadline \(15s\)/],
    ['autoscaler.statsPort=80', /autoscaler.statsPort|Must be/],
    ['activator.stockAutoscaler=ws://autoscaler:8080', /Does not match pattern/],
    ['gateway.loadReports=some', /must be one of/],
    ['gateway.service.morePorts[0].port=8888', /containerPort is required|missing propert/],
    // A container without privileges cannot bind it.
    ['gateway.httpPort=80', /Must be greater than or equal to 1024/],
    ['gateway.httpsPort=443', /gateway.httpsPort|Must be/],
    ['gateway.certificateNamespaces={Not A Name}', /Does not match pattern/],
    ['configServer.tls.secretName=Not A Name', /Does not match pattern/],
    ['configServer.tls.clientSecretName=client-tls', /needs configServer.tls.secretName/],
    ['gateway.service.type=ExternalName', /must be one of/],
    ['domain=Not A Domain', /Does not match pattern/],
    ['injector.injection.capture=ebpf', /must be one of/],
    ['clusterSuffix=Blue', /clusterSuffix/],
    ['injector.timeoutSeconds=31', /Must be less than or equal to 30/],
    ['injector.certificates.certificateName=injector', /needs injector.certificates.secretName/],
    ['image.digests.gateway=latest', /Does not match pattern/],
    ['image.digests.gatway=sha256:0', /gatway is not allowed/],
    ['gateway.autoscaling.enabled=maybe', /Invalid type|boolean/],
    ['gateway.extraArgs={rm}', /Does not match pattern/],
    ['networkPolicy.metricsfrom={}', /metricsfrom is not allowed/],
  ])('refuses %s', async (assignment, complaint) => {
    await expect(renderText({ set: [assignment] })).rejects.toThrow(complaint);
  });
});

describe.skipIf(kubernetesToolsMissing !== undefined)('the chart of the kinds', () => {
  test('renders what its files say, so that kubectl may apply the files themselves', async () => {
    const { objects } = await render({ chart: 'sluice-crds' });
    const folder = join(chartFolder('sluice-crds'), 'templates');
    const plain = readdirSync(folder).map((file) => parse(readFileSync(join(folder, file), 'utf8')) as { metadata: { name: string } });
    const byName = (a: { metadata: { name: string } }, b: { metadata: { name: string } }) => (a.metadata.name < b.metadata.name ? -1 : 1);
    expect(objects.toSorted(byName)).toEqual(plain.toSorted(byName));
    expect(plain).toHaveLength(10);
  });
});
