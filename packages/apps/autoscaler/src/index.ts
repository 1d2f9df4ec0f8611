export { composeAutoscaler, type Autoscaler, type AutoscalerOptions, type RevisionDecision } from './compose.ts';
export { MultiScaler, type MultiScalerOptions } from './multi-scaler.ts';
export { readSettings, type AutoscalerSettings } from './config.ts';
export { decodeLoad } from './scraping/decode-load.ts';
export { parseRecording, type RecordedEvent } from './replay/recording.ts';
export { bucketNames } from './sharding/buckets.ts';
export { simulate, type SimulatedStep, type SimulateOptions } from './replay/simulate.ts';
