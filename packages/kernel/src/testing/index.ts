export { SimulatedTime, settle } from './simulated-time.ts';
export { RecordingLogger, type LoggedEvent } from './recording-logger.ts';
