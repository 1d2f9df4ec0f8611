/** Rules for containers. */
import type { Container, ContainerPort, EnvVar } from '../api/pod-spec.ts';
import { queueContainerName } from '../resources/make-queue-container.ts';
import { because, disallowed, invalidValue, missing, outOfBounds, within, type FieldProblem } from './field-problem.ts';
import { dnsLabelComplaint } from './names.ts';
import { checkProbe, checkReadinessProbe } from './probe.ts';
import { checkVolumeMounts } from './volume.ts';

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

/** Set for every program by the runtime contract. `PORT` only where requests arrive. */
const reservedEnvironment = ['K_SERVICE', 'K_CONFIGURATION', 'K_REVISION'];

/** Taken by the sidecar, which shares the pod's addresses with the program. */
const reservedPorts = new Set([8008, 8012, 8013, 8022, 9090, 9091]);

/** The container that takes requests. @param volumes the names that may be mounted */
export function checkServingContainer(container: Container, volumes: ReadonlySet<string>): FieldProblem[] {
  return [
    ...checkContainer(container, volumes, ['PORT', ...reservedEnvironment]),
    ...checkPorts(container.ports ?? []),
    ...checkReadinessProbe(container.readinessProbe),
    ...checkProbe('livenessProbe', container.livenessProbe),
    ...checkProbe('startupProbe', container.startupProbe),
  ];
}

/** A container beside it. It takes no requests, so nobody waits for it to be ready. */
export function checkSidecarContainer(container: Container, volumes: ReadonlySet<string>): FieldProblem[] {
  const probes = (['livenessProbe', 'readinessProbe', 'startupProbe'] as const).filter(
    (probe) => container[probe] !== undefined,
  );
  return [...checkContainer(container, volumes, reservedEnvironment), ...probes.map((probe) => disallowed(probe))];
}

function checkContainer(
  container: Container,
  volumes: ReadonlySet<string>,
  reserved: readonly string[],
): FieldProblem[] {
  const found: FieldProblem[] = [];
  for (const field of Object.keys(container)) if (!allowedFields.has(field)) found.push(disallowed(field));
  if (container.name === queueContainerName) {
    found.push(because(`"${queueContainerName}" is a reserved container name`, 'name'));
  }
  const complaint = container.name ? dnsLabelComplaint(container.name) : undefined;
  if (complaint !== undefined) found.push(invalidValue(`not a DNS 1035 label: ${complaint}`, 'name'));
  if (!container.image) found.push(missing('image'));
  else if (!isImageReference(container.image)) {
    found.push(invalidValue(container.image, 'image', `could not parse reference: ${container.image}`));
  }
  found.push(...checkEnvironment(container.env ?? [], reserved), ...checkVolumeMounts(container, volumes));
  return found;
}

function checkEnvironment(environment: readonly EnvVar[], reserved: readonly string[]): FieldProblem[] {
  return environment.flatMap((variable, index) => {
    const path = `env[${index}]`;
    if (!variable.name) return [missing(`${path}.name`)];
    if (reserved.includes(variable.name))
      return [because(`"${variable.name}" is a reserved environment variable`, `${path}.name`)];
    if (variable.valueFrom?.fieldRef) return [disallowed(`${path}.valueFrom.fieldRef`)];
    return [];
  });
}

function checkPorts(ports: readonly ContainerPort[]): FieldProblem[] {
  const [port] = ports;
  if (port === undefined) return [];
  if (ports.length > 1) {
    return [
      { message: 'more than one container port is set', paths: ['ports'], details: 'Only a single port is allowed' },
    ];
  }
  const found: FieldProblem[] = [];
  for (const field of ['hostPort', 'hostIP']) if (Object.hasOwn(port, field)) found.push(disallowed(field));
  const { containerPort = 0, name = '', protocol = '' } = port;
  if (protocol !== '' && protocol !== 'TCP') found.push(invalidValue(protocol, 'protocol'));
  if (containerPort < 0 || containerPort > 65_535) found.push(outOfBounds(containerPort, 0, 65_535, 'containerPort'));
  else if (reservedPorts.has(containerPort)) {
    found.push(invalidValue(containerPort, 'containerPort', `${[...reservedPorts].join(', ')} are reserved`));
  }
  if (!['', 'http1', 'h2c'].includes(name)) {
    found.push(because(`Port name ${name} is not allowed`, 'name'));
  }
  return within('ports', found);
}

/** Registry host and port, path, tag, digest: what all registries agree on. */
function isImageReference(image: string): boolean {
  const host = String.raw`(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::\d+)?\/)?`;
  const path = String.raw`[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*`;
  const version = String.raw`(?::\w[\w.-]{0,127})?(?:@[a-zA-Z0-9+._-]+:[0-9a-fA-F]{32,})?`;
  return new RegExp(`^${host}${path}${version}$`).test(image);
}
