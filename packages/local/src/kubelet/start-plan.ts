/** From a container's spec to the process that runs it, or to the reason why it cannot start. */
import type { Pod } from '@sluice/kubernetes';
import { niceness, type KubeletContainer } from '../objects/pod-facts.ts';
import type { StartPlan } from './container-worker.ts';
import { buildEnvironment, type EnvironmentSources } from './environment.ts';
import type { ImageProgram } from './sandbox/image-programs.ts';
import { imageCommand, type ImageTool } from './image-runtime.ts';
import { assumedPorts, rewritePortVariable, toldPort, type PortPlan } from './port-plan.ts';
import { expandVariables } from './variable-expansion.ts';

export interface StartSources extends Omit<EnvironmentSources, 'rewrite'> {
  readonly ports: PortPlan;
  /** What runs images, for a container without a command. Undefined when nothing does. */
  readonly image: ImageTool | undefined;
  /** What the container's image is as a program of this machine. Absent: it is none. */
  readonly program?: ImageProgram | undefined;
  /** `namespace/name`, for the name of a container that runs an image. */
  readonly podKey: string;
}

/** A ConfigMap or Secret that is missing may appear; looked for again this often, in ms. */
const missingRetryMs = 1000;

/** What needs a change of the spec is looked at again rarely, in ms: only a tool installed meanwhile can help. */
const unsupportedRetryMs = 60_000;

/** Plans one start. Pure: whatever has to be fetched comes in `sources`. */
export function planStart(container: KubeletContainer, sources: StartSources): StartPlan {
  const { ports, base, program: image } = sources;
  const complete = { ...container, env: [...assumedPorts(container, ports), ...(container.env ?? [])] };
  const environment = buildEnvironment(complete, {
    ...sources,
    base: { ...base, ...image?.environment },
    rewrite: (name, value) => rewritePortVariable(ports, name, value),
  });
  if (environment.kind === 'missing') {
    return { kind: 'wait', reason: 'CreateContainerConfigError', message: environment.message, retryMs: missingRetryMs };
  }
  const { env } = environment;
  const expand = (text: string) => expandVariables(text, (name) => env[name]);
  const args = (container.args ?? []).map(expand);
  const [program, ...rest] = container.command?.length ? container.command.map(expand) : (image?.command ?? []);
  const identity = identityOf(sources.pod, container, sources.podIp);
  if (program !== undefined) {
    const workingDir = container.workingDir === undefined ? {} : { workingDir: container.workingDir };
    return { kind: 'run', ports, spec: { argv: [program, ...rest, ...args], env, ...workingDir, ...niceness(sources.pod), identity } };
  }
  if (!sources.image || !container.image) return commandNeeded(container);
  const declared = toldPort(container);
  const run = {
    name: `sluice-${sources.podKey.replaceAll('/', '-')}-${container.name}`,
    args,
    variables: Object.keys(env).filter((name) => !Object.hasOwn(base, name) || complete.env.some((own) => own.name === name)),
    port: declared === undefined ? undefined : (ports.get(declared) ?? declared),
  };
  return { kind: 'run', ports, spec: { ...imageCommand(sources.image, container, run), env, identity } };
}

function commandNeeded({ image = '' }: KubeletContainer): StartPlan {
  return {
    kind: 'wait',
    reason: 'CommandNeeded',
    message:
      `local mode runs a container's command as a process, and this container names only the image "${image}": ` +
      'give it a command, or start docker or podman to run the image',
    retryMs: unsupportedRetryMs,
  };
}

function identityOf(pod: Pod, container: KubeletContainer, podIp: string) {
  const { name, namespace = 'default', uid = '' } = pod.metadata;
  return { namespace, pod: name, podUid: uid, container: container.name, podIp };
}

/** The ConfigMaps and Secrets that a container refers to. */
export function referencesOf({ env = [], envFrom = [] }: KubeletContainer): { readonly configMaps: Set<string>; readonly secrets: Set<string> } {
  const configMaps = new Set<string>();
  const secrets = new Set<string>();
  for (const { valueFrom } of env) {
    if (valueFrom?.configMapKeyRef) configMaps.add(valueFrom.configMapKeyRef.name);
    if (valueFrom?.secretKeyRef) secrets.add(valueFrom.secretKeyRef.name);
  }
  for (const { configMapRef, secretRef } of envFrom) {
    if (configMapRef) configMaps.add(configMapRef.name);
    if (secretRef) secrets.add(secretRef.name);
  }
  return { configMaps, secrets };
}
