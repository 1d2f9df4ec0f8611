export { sampleEndpoint, sampleModel, sampleRevision, sampleRoute } from './sample-model.ts';
