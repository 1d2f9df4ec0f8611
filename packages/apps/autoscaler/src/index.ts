export { composeAutoscaler, type Autoscaler, type AutoscalerOptions } from './compose.ts';
export { readSettings, type AutoscalerSettings } from './config.ts';
