/** The access logs of a listener or a connection manager. */
import type { Problem } from '@sluice/kernel';
import type { AccessLog } from '@sluice/resources';
import { compileAccessLog } from '../access-log/compile-access-log.ts';
import type { AccessLogConfig } from '../proxy-config.ts';

export function compileAccessLogs(
  accessLogs: readonly AccessLog[],
  path: string,
  problems: Problem[],
): readonly AccessLogConfig[] {
  return accessLogs.flatMap((log, index) => {
    const compiled = compileAccessLog(log);
    if (compiled.ok) return [compiled.format];
    problems.push({ path: `${path}[${index}].typed_config`, message: compiled.message, severity: 'error' });
    return [];
  });
}
