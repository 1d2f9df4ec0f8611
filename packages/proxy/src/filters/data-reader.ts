/** The text behind a `DataSource`. */
import type { DataSource } from '@sluice/resources';

export interface DataReader {
  /** @throws when it cannot be read */
  file(path: string): string;
}

/** For whoever has no files: every one of them is missing. */
export const noDataReader: DataReader = {
  file(path) {
    throw new Error(`there are no files here, not ${path} either`);
  },
};

/** Undefined where it cannot be had; `onProblem` hears why, in a sentence without its subject. */
export function readText(source: DataSource, reader: DataReader, onProblem: (message: string) => void): string | undefined {
  switch (source.kind) {
    case 'inline':
      return source.text;
    case 'file':
      try {
        return reader.file(source.path);
      } catch (error) {
        onProblem(`cannot be read: ${error instanceof Error ? error.message : String(error)}`);
        return undefined;
      }
    case 'environment':
      onProblem('is a variable of the environment, which is outside our subset: must be inline or a file');
      return undefined;
  }
}
