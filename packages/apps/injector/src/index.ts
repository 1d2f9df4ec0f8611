export type { CertificateTimes } from './certificates/certificate-plan.ts';
export { composeInjector, type Injector, type InjectorOptions } from './compose.ts';
export { mutatingWebhookConfigurations, validatingWebhookConfigurations, type WebhookConfiguration } from './certificates/webhook-configurations.ts';
export { readSettings, type InjectorSettings } from './config.ts';
export { inject, type Injection, type SkipReason } from './injection/inject.ts';
export type { InjectablePod } from './injection/pod.ts';
export type { InjectionSettings } from './injection/pod-settings.ts';
export { strip } from './injection/strip.ts';
export { startReviewServer, type ReviewServer, type ReviewServerOptions } from './review-server.ts';
