/**
 * What rules and defaults read of the objects that people declare. A cluster's schema sees to it before a validating webhook
 * is asked, but not before a defaulting one, and not where no schema is installed.
 */
import { ingressSpec } from '../model/readable-objects.ts';
import { flag, list, mapOf, number, record, required, text, type Shape } from '../model/shape.ts';

const metadata = required(
  record({
    name: text,
    generateName: text,
    namespace: text,
    labels: mapOf(text),
    annotations: mapOf(text),
    ownerReferences: list(record({ kind: text, name: text })),
  }),
);

const anything: Shape = () => undefined;
const resources = record({ requests: mapOf(anything), limits: mapOf(anything) });

const probe = record({
  httpGet: record({}),
  tcpSocket: record({}),
  grpc: record({}),
  exec: record({}),
  initialDelaySeconds: number,
  periodSeconds: number,
  timeoutSeconds: number,
  successThreshold: number,
  failureThreshold: number,
});

const container = record({
  name: text,
  image: text,
  env: list(record({ name: text })),
  envFrom: list(record({})),
  ports: list(record({ name: text, containerPort: number, protocol: text })),
  resources,
  readinessProbe: probe,
  livenessProbe: probe,
  startupProbe: probe,
  volumeMounts: list(record({ name: text, mountPath: text })),
  terminationMessagePolicy: text,
});

const revisionSpec = record({
  containerConcurrency: number,
  timeoutSeconds: number,
  responseStartTimeoutSeconds: number,
  idleTimeoutSeconds: number,
  serviceAccountName: text,
  containers: list(container),
  initContainers: list(container),
  volumes: list(required(record({ name: text }))),
});

const template = record({ metadata: record({ name: text, generateName: text, annotations: mapOf(text) }), spec: revisionSpec });

const traffic = list(
  required(record({ revisionName: text, configurationName: text, latestRevision: flag, percent: number, tag: text, url: text })),
);

export const serviceShape = record({ metadata, spec: record({ template, traffic }) });
export const configurationShape = record({ metadata, spec: record({ template }) });
export const revisionShape = record({ metadata, spec: revisionSpec });
export const routeShape = record({ metadata, spec: record({ traffic }) });

export const domainMappingShape = record({
  metadata,
  spec: record({ ref: record({ apiVersion: text, kind: text, name: text, namespace: text }), tls: record({ secretName: text }) }),
});

export const clusterDomainClaimShape = record({ metadata, spec: record({ namespace: text }) });

export const ingressShape = record({ metadata, spec: required(ingressSpec) });
