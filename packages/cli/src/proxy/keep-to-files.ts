/** Reloads the bootstrap after each save, and on SIGHUP, and says what came of it. */
import { formatProblem, systemTimers } from '@sluice/kernel';
import { BootstrapReloads, createFileWatcher, describeDiff, lateStandardFilters, type BootstrapInput, type BootstrapProxy, type ReloadReport } from '@sluice/proxy';

export function keepToFiles(input: BootstrapInput, running: BootstrapProxy, say: (line: string) => void): { stop(): void } {
  const { path } = input;
  if (path === undefined) return { stop() {} };
  const reloads = new BootstrapReloads({
    input: { ...input, path },
    running,
    filters: lateStandardFilters,
    watcher: createFileWatcher(systemTimers),
    timers: systemTimers,
    meter: running.meter,
    onReload: (report) => describeReload(path, report).forEach(say),
  });
  const onHangup = () => void reloads.reload();
  process.on('SIGHUP', onHangup);
  reloads.start();
  return {
    stop() {
      process.off('SIGHUP', onHangup);
      reloads.stop();
    },
  };
}

function describeReload(path: string, report: ReloadReport): readonly string[] {
  const problems = report.problems.map((found) => `${found.severity}: ${formatProblem(found)}`);
  if (report.kind === 'refused') return [...problems, `${path} not reloaded: what was good stays in force`];
  const lines = describeDiff(report.diff);
  return [...problems, `${path} reloaded${lines.length === 0 ? ', nothing is different' : ''}`, ...lines.map((line) => `  ${line}`)];
}
