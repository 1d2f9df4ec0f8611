/** A listener filter that does not look at some connections (`filter_disabled`): those are to it as if it were not there. */
import type { Buffer } from 'node:buffer';
import type { ListenerFilterPredicate } from '@sluice/resources';
import type { ConnectionInfo } from '../connection-info.ts';
import type { ListenerFilter } from './listener-filter.ts';

export class SkippingFilter implements ListenerFilter {
  readonly bytesMax: number;
  readonly #filter: ListenerFilter;
  readonly #disabledFor: ListenerFilterPredicate;

  constructor(filter: ListenerFilter, disabledFor: ListenerFilterPredicate) {
    this.bytesMax = filter.bytesMax;
    this.#filter = filter;
    this.#disabledFor = disabledFor;
  }

  inspect(bytes: Buffer, info: ConnectionInfo): number {
    return holds(this.#disabledFor, info.local.port) ? 0 : this.#filter.inspect(bytes, info);
  }

  /** Only who wanted more is given up. */
  onGivenUp(reason: 'closed' | 'timeout' | 'too-large'): void {
    this.#filter.onGivenUp?.(reason);
  }
}

function holds(predicate: ListenerFilterPredicate, port: number): boolean {
  switch (predicate.kind) {
    case 'any':
      return true;
    case 'ports':
      return port >= predicate.start && port < predicate.end;
    case 'not':
      return !holds(predicate.rule, port);
    case 'and':
      return predicate.rules.every((rule) => holds(rule, port));
    case 'or':
      return predicate.rules.some((rule) => holds(rule, port));
  }
}
