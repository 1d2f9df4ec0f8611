/** Stands for a filter whose configuration has not come: nobody passes, since nobody knows what it would have said. */
import type { FilterVerdict } from './filter-verdict.ts';
import type { HttpFilter } from './filter.ts';
import type { Stream } from '../stream.ts';

export function missingConfigFilter(name: string): HttpFilter {
  return {
    name,
    onRequest(stream: Stream): FilterVerdict {
      stream.reply({ status: 500, details: 'filter_config_not_found', flag: 'NFCF' });
      return 'replied';
    },
  };
}
