export { composeInjector, type Injector, type InjectorOptions } from './compose.ts';
export { readSettings, type InjectorSettings } from './config.ts';
export { startReviewServer, type ReviewServer, type ReviewServerOptions } from './review-server.ts';
