export { composeGateway, type Gateway, type GatewayOptions } from './compose.ts';
export { readSettings, type GatewayIdentity, type GatewaySettings } from './config.ts';
