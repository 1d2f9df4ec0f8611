/** Rules for the spec of a revision: the pod's part and the revision's own. */
import type { Container } from '../api/pod-spec.ts';
import type { RevisionSpec } from '../api/revision.ts';
import type { DefaultsConfig } from '../config/defaults-config.ts';
import { checkServingContainer, checkSidecarContainer } from './container.ts';
import { because, disallowed, missing, outOfBounds, within, type FieldProblem } from './field-problem.ts';
import { checkVolumes } from './volume.ts';

const allowedPodFields = new Set([
  'containers',
  'serviceAccountName',
  'enableServiceLinks',
  'imagePullSecrets',
  'volumes',
  'automountServiceAccountToken',
]);
const ownFields = new Set([
  'containerConcurrency',
  'timeoutSeconds',
  'responseStartTimeoutSeconds',
  'idleTimeoutSeconds',
]);

export function checkRevisionSpec(spec: RevisionSpec, config: DefaultsConfig): FieldProblem[] {
  return [
    ...checkPodFields(spec),
    ...checkContainers(spec),
    ...checkTimeouts(spec, config),
    ...checkConcurrency(spec, config),
  ];
}

function checkPodFields(spec: RevisionSpec): FieldProblem[] {
  const found: FieldProblem[] = [];
  for (const [field, value] of Object.entries(spec)) {
    if (ownFields.has(field)) continue;
    // Giving the token away is Kubernetes' default; only keeping it back needs to be said.
    const isRefused = field === 'automountServiceAccountToken' && value !== false;
    if (!allowedPodFields.has(field) || isRefused) found.push(disallowed(field));
  }
  return found;
}

function checkContainers(spec: RevisionSpec): FieldProblem[] {
  const { containers = [], volumes = [] } = spec;
  if (containers.length === 0) return [missing('containers')];
  const names = new Set(volumes.map(({ name }) => name));
  const mounted = new Set(containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name)));
  return [...checkEachContainer(containers, names), ...checkVolumes(volumes, mounted)];
}

function checkEachContainer(containers: readonly Container[], volumes: ReadonlySet<string>): FieldProblem[] {
  const [only] = containers;
  if (containers.length === 1 && only) return within('containers[0]', checkServingContainer(only, volumes));
  const withPorts = containers.filter(({ ports = [] }) => ports.length > 0);
  const found: FieldProblem[] = [...duplicateNames(containers)];
  if (withPorts.length === 0) found.push(missing('containers[*].ports'));
  if (withPorts.length > 1) {
    const details = 'Only a single port is allowed across all containers';
    found.push({ message: 'more than one container port is set', paths: ['containers[*].ports'], details });
  }
  containers.forEach((container, index) => {
    const check = withPorts.includes(container) ? checkServingContainer : checkSidecarContainer;
    found.push(...within(`containers[${index}]`, check(container, volumes)));
  });
  return found;
}

function duplicateNames(containers: readonly Container[]): FieldProblem[] {
  const seen = new Set<string>();
  return containers.flatMap(({ name }, index) => {
    if (!name) return [];
    const isDuplicate = seen.has(name);
    seen.add(name);
    return isDuplicate ? [because(`duplicate container name "${name}"`, `containers[${index}].name`)] : [];
  });
}

function checkTimeouts(spec: RevisionSpec, config: DefaultsConfig): FieldProblem[] {
  const { timeoutSeconds } = spec;
  const most = timeoutSeconds ?? config.revisionTimeoutSeconds;
  return [
    ...bounded(timeoutSeconds, config.maxRevisionTimeoutSeconds, 'timeoutSeconds'),
    ...bounded(spec.responseStartTimeoutSeconds, most, 'responseStartTimeoutSeconds'),
    ...bounded(spec.idleTimeoutSeconds, most, 'idleTimeoutSeconds'),
  ];
}

function checkConcurrency(spec: RevisionSpec, config: DefaultsConfig): FieldProblem[] {
  const { containerConcurrency: given } = spec;
  const { containerConcurrencyMaxLimit: most, allowContainerConcurrencyZero } = config;
  if (given === undefined) return [];
  const least = allowContainerConcurrencyZero ? 0 : 1;
  return given < least || given > most ? [outOfBounds(given, least, most, 'containerConcurrency')] : [];
}

function bounded(value: number | undefined, most: number, path: string): FieldProblem[] {
  return value !== undefined && (value < 0 || value > most) ? [outOfBounds(value, 0, most, path)] : [];
}
