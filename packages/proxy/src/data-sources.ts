/** The texts behind the `DataSource`s of configurations. */
import type { DataSource } from '@sluice/resources';

export interface DataSources {
  /** Gives the text. @throws Error that says why it cannot */
  read(source: DataSource): string;
}

/** Knows only what resources hold themselves. */
export const inlineSources: DataSources = {
  read(source) {
    if (source.kind === 'inline') return source.text;
    throw new Error(`a ${source.kind === 'file' ? 'file' : 'variable'} cannot be read here`);
  },
};
