/** Fills in what a revision leaves open. Doing it twice is the same as doing it once. */
import type { ObjectMeta } from '../api/object.ts';
import type { Container, Probe, Resources, Volume } from '../api/pod-spec.ts';
import type { RevisionSpec } from '../api/revision.ts';
import { defaultDefaults, fillContainerName, type DefaultsConfig } from '../config/defaults-config.ts';
import type { ServingConfig } from '../config/serving-config.ts';
import { isWritableVolume } from '../validation/volume-mount.ts';
import { defaultSecurityContext } from './default-security-context.ts';

/** Which part of the configuration says what is filled in. */
export type DefaultingConfig = Pick<ServingConfig, 'defaults' | 'features'>;

/** @param parent of the object whose spec or template it is: containers may be named after it */
export function defaultRevisionSpec(spec: RevisionSpec, config: DefaultingConfig, parent: Partial<ObjectMeta> = {}): RevisionSpec {
  const { defaults } = config;
  // An explicit 0 means "the default" too: a request without any time limit cannot be asked for.
  const timeoutSeconds = spec.timeoutSeconds || defaults.revisionTimeoutSeconds;
  const { containers, initContainers } = spec;
  return {
    ...spec,
    ...(defaults.enableServiceLinks === undefined || spec.enableServiceLinks !== undefined
      ? {}
      : { enableServiceLinks: defaults.enableServiceLinks }),
    containerConcurrency: spec.containerConcurrency ?? defaults.containerConcurrency,
    timeoutSeconds,
    ...shorterTimeout('responseStartTimeoutSeconds', spec, defaults.revisionResponseStartTimeoutSeconds, timeoutSeconds),
    ...shorterTimeout('idleTimeoutSeconds', spec, defaults.revisionIdleTimeoutSeconds, timeoutSeconds),
    ...(containers === undefined ? {} : { containers: defaultContainers(containers, spec, config, parent) }),
    ...(initContainers === undefined ? {} : { initContainers: defaultInitContainers(initContainers, spec, config, parent) }),
  };
}

/** A further timeout is written only where it would strike before the main one. */
function shorterTimeout(
  member: 'responseStartTimeoutSeconds' | 'idleTimeoutSeconds',
  spec: RevisionSpec,
  fallbackSeconds: number,
  timeoutSeconds: number,
): Partial<RevisionSpec> {
  if (spec[member] !== undefined || fallbackSeconds === 0 || fallbackSeconds >= timeoutSeconds) return {};
  return { [member]: fallbackSeconds };
}

function defaultContainers(
  containers: readonly Container[],
  spec: RevisionSpec,
  config: DefaultingConfig,
  parent: Partial<ObjectMeta>,
): Container[] {
  const { containerNameTemplate } = config.defaults;
  const named = nameContainers(containers, fillContainerName(containerNameTemplate, parent, defaultDefaults.containerNameTemplate));
  return named.map((container) => {
    const isServing = named.length === 1 || (container.ports ?? []).length > 0;
    const readinessProbe = isServing
      ? defaultReadinessProbe(container.readinessProbe)
      : defaultGivenProbe(container.readinessProbe);
    return {
      ...container,
      ...defaultResources(container.resources, config.defaults),
      ...(readinessProbe === undefined ? {} : { readinessProbe }),
      ...defaultVolumeMounts(container, spec.volumes ?? []),
      ...defaultSecurityContext(container, spec, config.features),
    };
  });
}

function defaultInitContainers(
  containers: readonly Container[],
  spec: RevisionSpec,
  config: DefaultingConfig,
  parent: Partial<ObjectMeta>,
): Container[] {
  const { initContainerNameTemplate } = config.defaults;
  const template = fillContainerName(initContainerNameTemplate, parent, defaultDefaults.initContainerNameTemplate);
  return nameContainers(containers, template).map((container) => ({
    ...container,
    ...defaultVolumeMounts(container, spec.volumes ?? []),
    ...defaultSecurityContext(container, spec, config.features),
  }));
}

/** `template` for one container, `template-0`, `template-1`, … for several; names that are taken are left out. */
function nameContainers(containers: readonly Container[], template: string): Container[] {
  const taken = new Set(containers.map(({ name }) => name));
  let next = 0;
  const nextName = (): string => {
    if (containers.length === 1) return template;
    for (;;) {
      const name = `${template}-${next}`;
      next += 1;
      if (!taken.has(name)) return name;
    }
  };
  return containers.map((container) => (container.name ? container : { ...container, name: nextName() }));
}

function defaultReadinessProbe(given: Probe | undefined): Probe {
  const probe = given ?? {};
  const hasHandler = probe.httpGet ?? probe.tcpSocket ?? probe.grpc ?? probe.exec;
  return defaultProbeNumbers(hasHandler === undefined ? { ...probe, tcpSocket: {} } : probe);
}

function defaultGivenProbe(given: Probe | undefined): Probe | undefined {
  return given === undefined ? undefined : defaultProbeNumbers(given);
}

/** A period of 0 asks for the sidecar's own rapid probing, to which thresholds and timeouts do not apply. */
function defaultProbeNumbers(probe: Probe): Probe {
  return {
    ...probe,
    successThreshold: probe.successThreshold || 1,
    ...(probe.periodSeconds
      ? { failureThreshold: probe.failureThreshold || 3, timeoutSeconds: probe.timeoutSeconds || 1 }
      : {}),
  };
}

function defaultResources(given: Resources | undefined, config: DefaultsConfig): { readonly resources?: Resources } {
  const requests = { ...config.requests, ...given?.requests };
  const limits = { ...config.limits, ...given?.limits };
  const resources = {
    ...given,
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
  return Object.keys(resources).length === 0 ? {} : { resources };
}

/** What a program shares with others it may only read, unless the volume is its own to write. */
function defaultVolumeMounts(container: Container, volumes: readonly Volume[]): Pick<Container, 'volumeMounts'> {
  if (container.volumeMounts === undefined) return {};
  const writable = new Set(volumes.filter(isWritableVolume).map(({ name }) => name));
  const volumeMounts = container.volumeMounts.map((mount) =>
    writable.has(mount.name) ? mount : { ...mount, readOnly: true },
  );
  return { volumeMounts };
}
