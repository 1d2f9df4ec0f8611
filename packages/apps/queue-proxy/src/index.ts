export { LoadMeter } from './load-meter.ts';
export { composeQueueProxy, type QueueProxy, type QueueProxyOptions } from './compose.ts';
export { readSettings, type PodIdentity, type QueueProxySettings } from './config.ts';
export { createServingTls, type ServingTlsOptions } from './serving-tls.ts';
export { createLoadReports, type LoadReportsOptions } from './load-reports.ts';
export { riseMinOf } from './rise-min.ts';
export { createStatPage, type StatPageOptions } from './side-servers.ts';
export { waitForDrain, type WaitForDrainOptions } from './wait-for-drain.ts';
