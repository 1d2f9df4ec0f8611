export { translate, translateOrSayWhy, type TranslatedGroups, type Translation } from './translate.ts';
export { Translator, type GroupChanges, type ModelView } from './translator.ts';
export type { ResourceChange, ResourceName } from './group-resources.ts';
export {
  activatorClusterHeader,
  clusterName,
  listenerNames,
  nodeGroups,
  revisionHeaders,
  revisionMetadataKey,
  routeConfigurationNames,
  type NodeGroup,
} from './names.ts';
export { defaultTranslateOptions, noTraces, type TraceOptions, type TranslateOptions } from './options.ts';

export { edgePorts } from './edge/edge-ports.ts';
export type { Json, JsonObject, TranslatedResource } from './resource.ts';
