export { endpointAt } from './endpoints.ts';
