/** `config-features`: what a cluster lets revisions do, and what it does by itself. */
import type { Checked } from '@sluice/kernel';
import { ConfigReader, type ConfigData } from './config-reader.ts';

/** `Enabled` for all; `Allowed`: where an object asks for it by an annotation, or simply may; `Disabled`. */
export type Flag = 'Enabled' | 'Allowed' | 'Disabled';

/** `AllowRootBounded`: as `Enabled`, but containers may run as root. */
export type SecurePodDefaults = 'Enabled' | 'AllowRootBounded' | 'Disabled';

/** Flags that stand at `Enabled` unless the map says otherwise. */
const enabledFlags = ['multi-container', 'kubernetes.podspec-volumes-emptydir'] as const;

const disabledFlags = [
  'multi-container-probing',
  'kubernetes.podspec-affinity',
  'kubernetes.podspec-topologyspreadconstraints',
  'kubernetes.podspec-hostaliases',
  'kubernetes.podspec-fieldref',
  'kubernetes.podspec-nodeselector',
  'kubernetes.podspec-runtimeclassname',
  'kubernetes.podspec-securitycontext',
  'kubernetes.podspec-shareprocessnamespace',
  'kubernetes.podspec-hostipc',
  'kubernetes.podspec-hostpid',
  'kubernetes.podspec-hostnetwork',
  'kubernetes.podspec-priorityclassname',
  'kubernetes.podspec-schedulername',
  'kubernetes.podspec-tolerations',
  'kubernetes.podspec-volumes-hostpath',
  'kubernetes.podspec-volumes-mount-propagation',
  'kubernetes.podspec-volumes-csi',
  'kubernetes.podspec-volumes-ephemeral',
  'kubernetes.podspec-volumes-image',
  'kubernetes.podspec-persistent-volume-claim',
  'kubernetes.podspec-persistent-volume-write',
  'kubernetes.podspec-init-containers',
  'kubernetes.podspec-dnspolicy',
  'kubernetes.podspec-dnsconfig',
  'kubernetes.containerspec-addcapabilities',
  'queueproxy.mount-podinfo',
  'queueproxy.resource-defaults',
  'tag-header-based-routing',
  'autodetect-http2',
] as const;

export type Feature = (typeof enabledFlags)[number] | (typeof disabledFlags)[number];

/** By the key in the map. */
export type FeaturesConfig = Readonly<Record<Feature, Flag>> & { readonly 'secure-pod-defaults': SecurePodDefaults };

const flags: readonly Flag[] = ['Enabled', 'Allowed', 'Disabled'];
const secureDefaults: readonly SecurePodDefaults[] = ['Enabled', 'AllowRootBounded', 'Disabled'];

/** All keys of the map. */
export const featureKeys: readonly (keyof FeaturesConfig)[] = [...enabledFlags, ...disabledFlags, 'secure-pod-defaults'];

/** Knative's defaults, in force without a ConfigMap. */
export const defaultFeatures = readFlags(new ConfigReader({}));

/** What is no flag's value leaves the flag at its default, as Knative reads it. */
export function readFeaturesConfig(data: ConfigData): Checked<FeaturesConfig> {
  const reader = new ConfigReader(data);
  return reader.result(readFlags(reader));
}

/** Whether objects may use the feature: where it is `Enabled`, and where it is `Allowed`. */
export function isPermitted(features: FeaturesConfig, feature: Feature): boolean {
  return features[feature] !== 'Disabled';
}

function readFlags(reader: ConfigReader): FeaturesConfig {
  const read = <Value extends string>(key: string, allowed: readonly Value[], fallback: Value): Value => {
    const text = reader.text(key)?.trim().toLowerCase();
    return allowed.find((value) => value.toLowerCase() === text) ?? fallback;
  };
  return {
    ...(Object.fromEntries([
      ...enabledFlags.map((key) => [key, read(key, flags, 'Enabled')]),
      ...disabledFlags.map((key) => [key, read(key, flags, 'Disabled')]),
    ]) as Record<Feature, Flag>),
    'secure-pod-defaults': read('secure-pod-defaults', secureDefaults, 'Disabled'),
  };
}
