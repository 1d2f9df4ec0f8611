export { inlineHosts } from './inline-hosts.ts';
export { sampleEndpoint, sampleModel, sampleRevision, sampleRoute } from './sample-model.ts';
