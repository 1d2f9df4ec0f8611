/** Labels by their literal names: people select by them. */
import { expect, test } from 'vitest';
import { defaultServingConfig } from '../config/serving-config.ts';
import { makeIngress } from '../ingress/make-ingress.ts';
import { aConfiguration, aRevision, aRoute, aServerlessService } from '../testing/index.ts';
import { makeDeployment } from './make-deployment.ts';
import { makePrivateService } from './make-private-service.ts';
import { makeRevision } from './make-revision.ts';

test('a Revision says whose it is', () => {
  const configuration = aConfiguration('hello', {
    metadata: { generation: 3, labels: { 'serving.knative.dev/service': 'hello', 'serving.knative.dev/serviceUID': 'su' } },
  });
  expect(makeRevision(configuration, defaultServingConfig).metadata.labels).toEqual({
    'serving.knative.dev/configuration': 'hello',
    'serving.knative.dev/configurationUID': 'uid-hello',
    'serving.knative.dev/configurationGeneration': '3',
    'serving.knative.dev/service': 'hello',
    'serving.knative.dev/serviceUID': 'su',
    'serving.knative.dev/routingState': 'pending',
  });
});

test('pods say which Revision they run', () => {
  const { template } = makeDeployment(aRevision('hello'), { config: defaultServingConfig, configService: '', systemNamespace: 's' }).spec;
  expect(template.metadata.labels).toMatchObject({
    app: 'hello-00001',
    'serving.knative.dev/revision': 'hello-00001',
    'serving.knative.dev/revisionUID': 'uid-hello-00001',
  });
});

test('a private Service says what it is for', () => {
  expect(makePrivateService(aServerlessService('hello-00001', 'Serve'), {}).metadata.labels).toMatchObject({
    'networking.internal.knative.dev/serviceType': 'Private',
    'networking.internal.knative.dev/serverlessservice': 'hello-00001',
  });
});

test('an Ingress says of which Route it is', () => {
  expect(makeIngress(aRoute('hello', []), [], defaultServingConfig, () => 'http1').metadata.labels).toMatchObject({
    'serving.knative.dev/route': 'hello',
    'serving.knative.dev/routeNamespace': 'default',
  });
});
