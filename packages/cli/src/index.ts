export { systemManifests } from './dev/system-manifests.ts';
export { systemNamespace, type ComponentOptions } from './dev/components.ts';
export { bundle } from './bundle/bundle.ts';
export { keptBundle } from './bundle/kept-bundle.ts';
export { rolesFor } from './images/roles.ts';
export { dataPlaneFlags } from './dev/node-flags.ts';
export { hasRun, runSidecarOnce, sidecarEnvironment } from './bundle/sidecar-first-run.ts';
