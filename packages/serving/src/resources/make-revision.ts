/** Configuration → Revision, one for each generation. */
import type { Configuration } from '../api/configuration.ts';
import type { Revision } from '../api/revision.ts';
import { defaultRevisionSpec, type DefaultingConfig } from '../defaulting/default-revision-spec.ts';
import { annotations, inheritedAnnotations, labels } from '../labels.ts';
import { generatedRevisionName } from '../names.ts';
import { ownerReference } from './owner-reference.ts';

/** The name of the Revision that the Configuration's present generation stands for. */
export function revisionNameOf(configuration: Configuration): string {
  const { name, generation = 1 } = configuration.metadata;
  return configuration.spec.template.metadata?.name || generatedRevisionName(name, generation);
}

/** A Revision is complete when it is made: what defaults say later does not touch it. */
export function makeRevision(configuration: Configuration, config: DefaultingConfig): Revision {
  const { template } = configuration.spec;
  const { metadata } = configuration;
  const service = metadata.labels?.[labels.service];
  const serviceUid = metadata.labels?.[labels.serviceUid];
  const modifier = metadata.annotations?.[annotations.lastModifier] ?? metadata.annotations?.[annotations.creator];
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Revision',
    metadata: {
      name: revisionNameOf(configuration),
      namespace: metadata.namespace ?? '',
      labels: {
        ...template.metadata?.labels,
        [labels.configuration]: metadata.name,
        [labels.configurationUid]: metadata.uid ?? '',
        [labels.configurationGeneration]: String(metadata.generation ?? 1),
        ...(service === undefined ? {} : { [labels.service]: service }),
        ...(serviceUid === undefined ? {} : { [labels.serviceUid]: serviceUid }),
        [labels.routingState]: 'pending',
      },
      annotations: {
        ...inheritedAnnotations(template.metadata?.annotations),
        ...(modifier === undefined ? {} : { [annotations.creator]: modifier }),
      },
      ownerReferences: [ownerReference(configuration)],
    },
    spec: defaultRevisionSpec(template.spec, config, metadata),
  };
}
