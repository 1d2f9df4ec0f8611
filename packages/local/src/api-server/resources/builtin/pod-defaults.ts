/**
 * The defaults of a pod's spec that kubelets, controllers and kubectl rely on (Kubernetes'
 * `pkg/apis/core/v1/defaults.go`). They also fill pod templates, so that a template compares equal to the
 * pods made from it.
 */
import type { Json, JsonObject } from '../../json.ts';
import { ensureObject, isObject, listAt, textAt } from '../../json.ts';

/** Sets a field that is absent. */
export function fallback(object: JsonObject, key: string, value: Json): void {
  if (object[key] === undefined || object[key] === null) object[key] = value;
}

export function completePodSpec(spec: JsonObject): void {
  fallback(spec, 'restartPolicy', 'Always');
  fallback(spec, 'terminationGracePeriodSeconds', 30);
  fallback(spec, 'dnsPolicy', 'ClusterFirst');
  fallback(spec, 'schedulerName', 'default-scheduler');
  fallback(spec, 'securityContext', {});
  for (const list of ['initContainers', 'containers'] as const) {
    for (const container of listAt(spec, list)) if (isObject(container)) completeContainer(container);
  }
  for (const volume of listAt(spec, 'volumes')) if (isObject(volume)) completeVolume(volume);
}

function completeContainer(container: JsonObject): void {
  fallback(container, 'resources', {});
  fallback(container, 'terminationMessagePath', '/dev/termination-log');
  fallback(container, 'terminationMessagePolicy', 'File');
  fallback(container, 'imagePullPolicy', pullPolicyOf(textAt(container, 'image')));
  for (const port of listAt(container, 'ports')) if (isObject(port)) fallback(port, 'protocol', 'TCP');
  for (const variable of listAt(container, 'env')) {
    const source = isObject(variable) ? variable['valueFrom'] : undefined;
    const field = isObject(source) ? source['fieldRef'] : undefined;
    if (isObject(field)) fallback(field, 'apiVersion', 'v1');
  }
  for (const name of ['readinessProbe', 'livenessProbe', 'startupProbe'] as const) {
    const probe = container[name];
    if (isObject(probe)) completeProbe(probe);
  }
  const lifecycle = container['lifecycle'];
  if (!isObject(lifecycle)) return;
  for (const hook of Object.values(lifecycle)) if (isObject(hook)) completeHttpGet(hook['httpGet']);
}

function completeProbe(probe: JsonObject): void {
  fallback(probe, 'timeoutSeconds', 1);
  fallback(probe, 'periodSeconds', 10);
  fallback(probe, 'successThreshold', 1);
  fallback(probe, 'failureThreshold', 3);
  completeHttpGet(probe['httpGet']);
  if (isObject(probe['grpc'])) fallback(probe['grpc'], 'service', '');
}

function completeHttpGet(action: Json | undefined): void {
  if (!isObject(action)) return;
  fallback(action, 'path', '/');
  fallback(action, 'scheme', 'HTTP');
}

function completeVolume(volume: JsonObject): void {
  for (const kind of ['configMap', 'secret', 'projected', 'downwardAPI'] as const) {
    const source = volume[kind];
    if (isObject(source)) fallback(source, 'defaultMode', 0o644);
  }
  // A volume that says no kind is an empty directory.
  if (Object.keys(volume).length === 1 && volume['name'] !== undefined) ensureObject(volume, 'emptyDir');
}

/** `Always` for what moves (`latest`, or no tag), else `IfNotPresent`. */
function pullPolicyOf(image: string): string {
  if (image.includes('@')) return 'IfNotPresent';
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}
