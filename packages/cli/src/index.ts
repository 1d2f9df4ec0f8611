export { systemManifests } from './dev/system-manifests.ts';
export { systemNamespace, type ComponentOptions } from './dev/components.ts';
export { bundle } from './bundle/bundle.ts';
export { dataPlaneFlags } from './dev/node-flags.ts';
export { runSidecarOnce, sidecarEnvironment } from './bundle/sidecar-first-run.ts';
