export { composeActivator, type Activator, type ActivatorOptions } from './compose.ts';
export { readSettings, type ActivatorIdentity, type ActivatorSettings } from './config.ts';
export type { RevisionStatus } from './revision-table.ts';
