export { readClientTlsSettings, type ClientTlsSettings, type PemSource } from './client-tls-settings.ts';
export type { Clock, Timer, Timers } from './clock.ts';
export { createSeededRandom, randomInt, type Random } from './random.ts';
export { afterFirstRequest, collectAllGarbage, createIdleCollector, giveBackStartMemory, holdProcess, systemClock, systemRandom, systemTimers } from './system.ts';
export { formatContentHash, hashContent, type ContentHash } from './content-hash.ts';
export { formatDuration, parseDuration } from './duration.ts';
export { GoTemplate, type TemplateData } from './go-template/go-template.ts';
export { GoTemplateError } from './go-template/template-error.ts';
export { createLease, type Lease } from './lease.ts';
export { formatProblem, problem, type Checked, type Position, type Problem } from './problem.ts';
export { MeshError, type ErrorSource, type MeshErrorOptions, type RetrySafety } from './mesh-error.ts';
export { silentLogger, type LogFields, type Logger } from './logger.ts';
export {
  createMeter,
  type Counter,
  type Gauge,
  type Histogram,
  type LabelValues,
  type Meter,
  type MetricFamily,
  type MetricSample,
} from './meter.ts';
export {
  formatAddress,
  parseAddress,
  type Address,
  type BoundListener,
  type Connection,
  type ConnectionHandler,
  type ConnectOptions,
  type ListenOptions,
  type Network,
  type TlsTransport,
} from './network.ts';
export {
  chooseFamily,
  isIpLiteral,
  type LookupFamily,
  type NameAnswer,
  type NameLookup,
  type NameQuery,
  type ResolvedAddress,
  type Resolver,
  type ResolverSettings,
} from './resolver.ts';
export type {
  TlsAcceptOptions,
  TlsConnectOptions,
  TlsContext,
  TlsContextSettings,
  TlsFacts,
  TlsIdentity,
  TlsServerSessions,
} from './tls.ts';
export type { Span, SpanOrigin, Tracer } from './tracer.ts';
export type { MessageStream, MessageStreamHandler, StreamStatus } from './message-stream.ts';
export { describeSettingProblems, SettingsReader, type Environment, type NumberOptions, type SettingSource } from './settings-reader.ts';
