export { translate, translateOrSayWhy, type TranslatedGroups, type Translation } from './translate.ts';
export { Translator, type GroupChanges, type ModelView } from './translator.ts';
export type { ResourceChange, ResourceName } from './group-resources.ts';
export {
  activatorClusterHeader,
  clusterName,
  listenerNames,
  namespaceOfSidecars,
  nodeGroups,
  revisionHeaders,
  revisionMetadataKey,
  routeConfigurationNames,
  sidecarGroup,
  sidecarRouteTable,
  type NodeGroup,
} from './names.ts';
export { defaultTranslateOptions, noTraces, type TraceOptions, type TranslateOptions } from './options.ts';

export { edgePorts } from './edge/edge-ports.ts';
export { backendResources, sidecarResources, type MeshPort, type MeshService } from './sidecar/sidecar-resources.ts';
export type { Json, JsonObject, TranslatedResource } from './resource.ts';
