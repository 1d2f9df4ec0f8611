export { composeServingController, type ServingController, type ServingControllerOptions } from './compose.ts';
export { readConfig, type ControllerConfig } from './config.ts';
