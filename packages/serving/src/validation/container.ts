/** Rules for containers. */
import type { Container, ContainerPort } from '../api/pod-spec.ts';
import { isPermitted, type FeaturesConfig } from '../config/features-config.ts';
import { queueContainerName } from '../resources/make-queue-container.ts';
import { checkEnvironment, checkEnvironmentSources } from './environment.ts';
import { because, disallowed, invalidValue, missing, outOfBounds, within, type FieldProblem } from './field-problem.ts';
import { isImageReference } from './image-reference.ts';
import { onlyMembers } from './members.ts';
import { dnsLabelComplaint } from './names.ts';
import { checkProbe, checkReadinessProbe } from './probe.ts';
import { checkSecurityContext } from './security-context.ts';
import { checkVolumeMounts, type MountableVolumes } from './volume-mount.ts';

export interface ContainerRules {
  readonly features: FeaturesConfig;
  /** What may be mounted. */
  readonly volumes: MountableVolumes;
}

const allowedFields = new Set([
  'name',
  'args',
  'command',
  'env',
  'envFrom',
  'workingDir',
  'image',
  'imagePullPolicy',
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'resources',
  'securityContext',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'volumeMounts',
]);

const portFields = new Set(['containerPort', 'name', 'protocol']);

/** Taken by the sidecar, which shares the pod's addresses with the program. */
const reservedPorts = new Set([8008, 8012, 8013, 8022, 9090, 9091]);

/** The container that takes requests. */
export function checkServingContainer(container: Container, rules: ContainerRules): FieldProblem[] {
  return [
    ...checkContainer(container, rules, true),
    ...within('ports', checkServingPort(container.ports?.[0])),
    ...checkReadinessProbe(container.readinessProbe),
    ...checkProbe('livenessProbe', container.livenessProbe),
    ...checkProbe('startupProbe', container.startupProbe),
  ];
}

/** A container beside it. It takes no requests, and is probed only where the cluster has probes for several containers. */
export function checkSidecarContainer(container: Container, rules: ContainerRules): FieldProblem[] {
  const probes = isPermitted(rules.features, 'multi-container-probing')
    ? [
        ...checkReadinessProbe(container.readinessProbe),
        ...checkProbe('livenessProbe', container.livenessProbe),
        ...checkProbe('startupProbe', container.startupProbe),
      ]
    : probesOf(container).map((probe) => disallowed(probe));
  return [...checkContainer(container, rules, false), ...probes];
}

/** A container that runs to its end before the others begin. */
export function checkInitContainer(container: Container, rules: ContainerRules): FieldProblem[] {
  return [
    ...checkContainer(container, rules, false),
    ...within('ports', (container.ports ?? []).flatMap(checkPort)),
    ...probesOf(container).map((probe) => because('field not allowed in an init container', probe)),
  ];
}

function probesOf(container: Container): string[] {
  return (['livenessProbe', 'readinessProbe', 'startupProbe'] as const).filter((probe) => container[probe] !== undefined);
}

function checkContainer(container: Container, { features, volumes }: ContainerRules, isServing: boolean): FieldProblem[] {
  const { name, image, terminationMessagePolicy: policy, env = [], envFrom = [], volumeMounts = [] } = container;
  const found = onlyMembers(container, allowedFields);
  if (name === queueContainerName) found.push(because(`"${queueContainerName}" is a reserved container name`, 'name'));
  const complaint = name ? dnsLabelComplaint(name) : undefined;
  if (complaint !== undefined) found.push(invalidValue(`not a DNS 1035 label: ${complaint}`, 'name'));
  if (!image) found.push(missing('image'));
  else if (!isImageReference(image)) {
    const details = `image: ${JSON.stringify(image)}, error: could not parse reference: ${image}`;
    found.push({ message: 'Failed to parse image reference', paths: ['image'], details });
  }
  if (policy && policy !== 'File' && policy !== 'FallbackToLogsOnError') found.push(invalidValue(policy, 'terminationMessagePolicy'));
  return [
    ...found,
    ...checkEnvironment(env, isServing, features),
    ...checkEnvironmentSources(envFrom),
    ...within('resources', onlyMembers(container.resources, new Set(['limits', 'requests']))),
    ...within('securityContext', checkSecurityContext(container.securityContext, features)),
    ...checkVolumeMounts(volumeMounts, volumes, features),
  ];
}

function checkServingPort(port: ContainerPort | undefined): FieldProblem[] {
  if (port === undefined) return [];
  const { name = '', protocol = '' } = port;
  const found = checkPort(port);
  if (protocol !== '' && protocol !== 'TCP') found.push(invalidValue(protocol, 'protocol'));
  if (!['', 'http1', 'h2c'].includes(name)) {
    found.push({ message: `Port name ${name} is not allowed`, paths: [''], details: "Name must be empty, or one of: 'h2c', 'http1'" });
  }
  return found;
}

function checkPort(port: ContainerPort): FieldProblem[] {
  const { containerPort = 0 } = port;
  const found = onlyMembers(port, portFields);
  if (containerPort < 0 || containerPort > 65_535) found.push(outOfBounds(containerPort, 0, 65_535, 'containerPort'));
  else if (reservedPorts.has(containerPort)) {
    const told = `${containerPort} is a reserved port`;
    found.push(invalidValue(told, 'containerPort', `${told}, please use a different value`));
  }
  return found;
}
