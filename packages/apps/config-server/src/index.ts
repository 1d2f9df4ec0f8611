export { composeConfigServer, type ConfigServer, type ConfigServerOptions, type ConfigServerStatus } from './compose.ts';
export { readConfigServerSettings, type ConfigServerSettings } from './config.ts';
