/** The access logs of a listener or a connection manager. */
import type { Problem } from '@sluice/kernel';
import type { AccessLog } from '@sluice/resources';
import { compileAccessLog } from '../access-log/compile-access-log.ts';
import { operatorContextOf, type CompileEnvironment } from '../compile-environment.ts';
import type { AccessLogConfig } from '../proxy-config.ts';
import { createPatternCompiler } from '../router/compile-session.ts';
import type { RegexEngine } from '../router/regex-engine.ts';

export interface LogCompileOptions {
  readonly regexEngine: RegexEngine;
  readonly environment: CompileEnvironment;
}

export function compileAccessLogs(
  accessLogs: readonly AccessLog[],
  path: string,
  problems: Problem[],
  { regexEngine, environment }: LogCompileOptions,
): readonly AccessLogConfig[] {
  const patterns = createPatternCompiler(regexEngine, '', problems, operatorContextOf(environment));
  return accessLogs.map((log, index) => compileAccessLog(log, `${path}[${index}]`, patterns, environment));
}
