export {
  aConfiguration,
  activatorSlice,
  aPodAutoscaler,
  aRevision,
  aRoute,
  aServerlessService,
  aService,
  podSlice,
} from './objects.ts';
export { tlsPair } from './tls-pair.ts';
