/** From a container's spec to the process that runs it, or to the reason why it cannot start. */
import type { Pod } from '@sluice/kubernetes';
import type { KubeletContainer } from '../objects/pod-facts.ts';
import type { StartPlan } from './container-worker.ts';
import { buildEnvironment, type EnvironmentSources } from './environment.ts';
import { rewritePortVariable, type PortPlan } from './port-plan.ts';
import { expandVariables } from './variable-expansion.ts';

export interface StartSources extends Omit<EnvironmentSources, 'rewrite'> {
  readonly ports: PortPlan;
}

/** A ConfigMap or Secret that is missing may appear; looked for again this often, in ms. */
const missingRetryMs = 1000;

/** What needs a change of the spec is looked at again rarely, in ms: only a tool installed meanwhile can help. */
const unsupportedRetryMs = 60_000;

/** Plans one start. Pure: whatever has to be fetched comes in `sources`. */
export function planStart(container: KubeletContainer, sources: StartSources): StartPlan {
  const environment = buildEnvironment(container, {
    ...sources,
    rewrite: (name, value) => rewritePortVariable(sources.ports, name, value),
  });
  if (environment.kind === 'missing') {
    return { kind: 'wait', reason: 'CreateContainerConfigError', message: environment.message, retryMs: missingRetryMs };
  }
  const { env } = environment;
  const expand = (text: string) => expandVariables(text, (name) => env[name]);
  const [program, ...rest] = [...(container.command ?? []), ...(container.args ?? [])].map(expand);
  if (program === undefined || !container.command?.length) return imageOnly(container);
  return {
    kind: 'run',
    ports: sources.ports,
    spec: {
      argv: [program, ...rest],
      env,
      ...(container.workingDir === undefined ? {} : { workingDir: container.workingDir }),
      identity: identityOf(sources.pod, container, sources.podIp),
    },
  };
}

function imageOnly({ image = '' }: KubeletContainer): StartPlan {
  return {
    kind: 'wait',
    reason: 'CommandNeeded',
    message:
      `local mode runs a container's command as a process, and this container names only the image "${image}": ` +
      'give it a command, or install docker or podman to run the image',
    retryMs: unsupportedRetryMs,
  };
}

function identityOf(pod: Pod, container: KubeletContainer, podIp: string) {
  const { name, namespace = 'default', uid = '' } = pod.metadata;
  return { namespace, pod: name, podUid: uid, container: container.name, podIp };
}

/** The ConfigMaps and Secrets that the containers refer to. */
export function referencesOf(containers: readonly KubeletContainer[]): { readonly configMaps: Set<string>; readonly secrets: Set<string> } {
  const configMaps = new Set<string>();
  const secrets = new Set<string>();
  for (const { env = [], envFrom = [] } of containers) {
    for (const { valueFrom } of env) {
      if (valueFrom?.configMapKeyRef) configMaps.add(valueFrom.configMapKeyRef.name);
      if (valueFrom?.secretKeyRef) secrets.add(valueFrom.secretKeyRef.name);
    }
    for (const { configMapRef, secretRef } of envFrom) {
      if (configMapRef) configMaps.add(configMapRef.name);
      if (secretRef) secrets.add(secretRef.name);
    }
  }
  return { configMaps, secrets };
}
