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
