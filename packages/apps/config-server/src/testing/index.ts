export {
  activatorSlice,
  domainConfigMap,
  helloObjects,
  podAutoscalerObject,
  podSlice,
  revisionObject,
  routeObject,
  serverlessServiceObject,
} from './cluster-objects.ts';
