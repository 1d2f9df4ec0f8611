/** ServerlessService → the private Service: the addresses of a revision's pods, and nothing else. */
import type { ServingObject } from '../api/object.ts';
import type { ServerlessService } from '../api/serverless-service.ts';
import { inheritedAnnotations, labels } from '../labels.ts';
import { privateServiceName } from '../names.ts';
import { ownerReference } from './owner-reference.ts';
import { queuePorts, queueServingPort } from './serving-container.ts';

export interface PrivateService extends ServingObject {
  readonly spec: {
    readonly selector: Readonly<Record<string, string>>;
    readonly ports: readonly {
      readonly name: string;
      readonly port: number;
      readonly targetPort: number | string;
      readonly protocol: 'TCP';
      readonly appProtocol?: string;
    }[];
  };
}

/** @param selector the pods' labels, from the Deployment that the ServerlessService refers to */
export function makePrivateService(sks: ServerlessService, selector: Readonly<Record<string, string>>): PrivateService {
  const { name, namespace = '' } = sks.metadata;
  const isH2c = sks.spec.protocolType === 'h2c';
  const servingPort = queueServingPort(sks.spec.protocolType);
  const portName = isH2c ? 'http2' : 'http';
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: privateServiceName(name),
      namespace,
      labels: { ...sks.metadata.labels, [labels.serviceType]: 'Private', [labels.serverlessService]: name },
      annotations: inheritedAnnotations(sks.metadata.annotations),
      ownerReferences: [ownerReference(sks)],
    },
    spec: {
      selector,
      ports: [
        {
          name: portName,
          port: 80,
          targetPort: servingPort,
          protocol: 'TCP',
          ...(isH2c ? { appProtocol: 'kubernetes.io/h2c' } : {}),
        },
        { name: 'https', port: 443, targetPort: queuePorts.https, protocol: 'TCP' },
        { name: 'http-autometric', port: queuePorts.autoscalerMetrics, targetPort: 'http-autometric', protocol: 'TCP' },
        { name: 'http-usermetric', port: queuePorts.userMetrics, targetPort: 'http-usermetric', protocol: 'TCP' },
        { name: `${portName}-istio`, port: servingPort, targetPort: servingPort, protocol: 'TCP' },
      ],
    },
  };
}
