export { translate, translateEndpoints, type TranslatedGroups } from './translate.ts';
export {
  clusterName,
  listenerNames,
  nodeGroups,
  revisionHeaders,
  revisionMetadataKey,
  routeConfigurationNames,
  type NodeGroup,
} from './names.ts';
export { defaultTranslateOptions, type TranslateOptions } from './options.ts';
export type { Json, JsonObject, TranslatedResource } from './resource.ts';
