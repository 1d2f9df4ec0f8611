/** What is made of certificates, renewed: what is wrong at first is a mistake in the configuration, later it is news. */
import type { Report } from './data-files.ts';
import { Renewed, type Ingredients } from './renewed.ts';
import type { TlsStatistics } from './tls-statistics.ts';
import type { TlsSupplies } from './tls-supplies.ts';

export function createRenewed<T>(
  { generation, logger }: TlsSupplies,
  statistics: TlsStatistics,
  report: Report,
  gather: (report: Report) => Ingredients<T> | undefined,
): Renewed<T> {
  let isFirst = true;
  const renewed = new Renewed<T>({
    generation,
    gather,
    onRenewed: () => statistics.renewals.add(),
    onFault(faults) {
      if (isFirst) {
        for (const { path, message } of faults) report(path === '' ? 'common_tls_context' : path, message);
        return;
      }
      statistics.renewalFailures.add();
      logger.error('certificates not exchanged', { problems: faults.map(({ path, message }) => `${path}: ${message}`) });
    },
  });
  renewed.get();
  isFirst = false;
  return renewed;
}
