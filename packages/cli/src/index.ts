export { systemManifests } from './dev/system-manifests.ts';
export { systemNamespace, type ComponentOptions } from './dev/components.ts';
