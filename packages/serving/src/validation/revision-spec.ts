/** Rules for the spec of a revision: the pod's part and the revision's own. */
import type { Container, PodSpec } from '../api/pod-spec.ts';
import type { RevisionSpec } from '../api/revision.ts';
import type { DefaultsConfig } from '../config/defaults-config.ts';
import type { FeaturesConfig } from '../config/features-config.ts';
import { checkInitContainer, checkServingContainer, checkSidecarContainer, type ContainerRules } from './container.ts';
import { because, missing, outOfBounds, within, type FieldProblem } from './field-problem.ts';
import { checkPodFields } from './pod-fields.ts';
import type { SpecRules } from './spec-rules.ts';
import { checkVolumes } from './volume.ts';

export function checkRevisionSpec(spec: RevisionSpec, { defaults, features }: SpecRules): FieldProblem[] {
  const { containerConcurrency: _, timeoutSeconds: __, responseStartTimeoutSeconds: ___, idleTimeoutSeconds: ____, ...pod } = spec;
  return [
    ...checkPodFields(pod, features),
    ...checkContainers(pod, features),
    ...checkTimeouts(spec, defaults),
    ...checkConcurrency(spec, defaults),
  ];
}

function checkContainers(spec: PodSpec, features: FeaturesConfig): FieldProblem[] {
  const { containers = [], initContainers = [], volumes = [] } = spec;
  const mounted = new Set([...initContainers, ...containers].flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name)));
  const rules: ContainerRules = { features, volumes: new Map(volumes.map((volume) => [volume.name, volume])) };
  return [
    ...checkVolumes(volumes, mounted, features),
    ...checkInitContainers(initContainers, containers, rules),
    ...checkServingContainers(containers, rules),
  ];
}

function checkServingContainers(containers: readonly Container[], rules: ContainerRules): FieldProblem[] {
  const [only] = containers;
  if (only === undefined) return [missing('containers')];
  const found = checkPortCount(containers);
  if (containers.length === 1) return [...found, ...within('containers[0]', checkServingContainer(only, rules))];
  if (rules.features['multi-container'] !== 'Enabled') {
    return [...found, because(`multi-container is off, but found ${containers.length} containers`)];
  }
  const inner = containers.flatMap((container, index) => {
    const check = (container.ports ?? []).length > 0 ? checkServingContainer : checkSidecarContainer;
    return within(`containers[${index}]`, check(container, rules));
  });
  return [...found, ...duplicateNames(containers, 'containers', new Set()), ...inner];
}

function checkPortCount(containers: readonly Container[]): FieldProblem[] {
  const count = containers.flatMap(({ ports = [] }) => ports).length;
  if (count === 0 && containers.length > 1) return [missing('containers[*].ports')];
  if (count <= 1) return [];
  const details = 'Only a single port is allowed across all containers';
  return [{ message: 'more than one container port is set', paths: ['containers[*].ports'], details }];
}

function checkInitContainers(
  initContainers: readonly Container[],
  containers: readonly Container[],
  rules: ContainerRules,
): FieldProblem[] {
  if (initContainers.length === 0) return [];
  if (rules.features['kubernetes.podspec-init-containers'] !== 'Enabled') {
    return [because(`pod spec support for init-containers is off, but found ${initContainers.length} init containers`)];
  }
  const taken = new Set(containers.map(({ name = '' }) => name));
  return [
    ...duplicateNames(initContainers, 'initContainers', taken),
    ...initContainers.flatMap((container, index) => within(`initContainers[${index}]`, checkInitContainer(container, rules))),
  ];
}

function duplicateNames(containers: readonly Container[], list: string, taken: ReadonlySet<string>): FieldProblem[] {
  const seen = new Set(taken);
  return containers.flatMap(({ name }, index) => {
    if (!name) return [];
    const isDuplicate = seen.has(name);
    seen.add(name);
    return isDuplicate ? [because(`duplicate container name "${name}"`, `${list}[${index}].name`)] : [];
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
