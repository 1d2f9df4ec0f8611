export { createInMemoryTransport, type InMemoryTransport, type InMemoryTransportOptions } from './in-memory-transport.ts';
export { configServiceMethods, type StreamMethod } from '../grpc/methods.ts';
export { loadFileDescriptors } from './file-descriptor-set.ts';
export { RecordingConsumer } from './recording-consumer.ts';
export {
  sampleCluster,
  sampleEndpoints,
  sampleListener,
  sampleResources,
  sampleRoutes,
  sampleSecret,
  type SampleRevision,
} from './sample-resources.ts';
