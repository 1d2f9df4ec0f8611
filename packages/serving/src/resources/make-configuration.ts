/** Service → Configuration. */
import type { Configuration } from '../api/configuration.ts';
import type { Service } from '../api/service.ts';
import { annotations, inheritedAnnotations, labels } from '../labels.ts';
import { ownerReference } from './owner-reference.ts';

/**
 * The template is passed on as it was written: defaults are filled in when a Revision is made of it, so that
 * a change of `config-defaults` makes no new Revisions.
 */
export function makeConfiguration(service: Service): Configuration {
  const { name, namespace = '', uid = '' } = service.metadata;
  const { [annotations.rolloutDuration]: _, [annotations.legacyRolloutDuration]: __, ...inherited } = inheritedAnnotations(service.metadata.annotations);
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Configuration',
    metadata: {
      name,
      namespace,
      labels: { ...service.metadata.labels, [labels.service]: name, [labels.serviceUid]: uid },
      annotations: inherited,
      ownerReferences: [ownerReference(service)],
    },
    spec: { template: service.spec.template },
  };
}
