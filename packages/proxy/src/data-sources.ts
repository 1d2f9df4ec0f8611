/** What is behind the `DataSource`s of configurations: bytes and texts that stand in them, in files, or in the environment. */
import type { DataSource } from '@sluice/resources';

/** The part of the world that data sources need. */
export interface FileAccess {
  /** @throws when it cannot be read */
  read(path: string): Uint8Array;
  variable(name: string): string | undefined;
  /** Calls back when one of `paths` may hold something else than before. */
  watch(paths: () => readonly string[], onChange: () => void): { stop(): void };
}

/** @throws Error that says why it cannot be had */
export function bytesOf(source: DataSource, access: Pick<FileAccess, 'read' | 'variable'>): Uint8Array {
  switch (source.kind) {
    case 'inline':
      return source.bytes;
    case 'file':
      return access.read(source.path);
    case 'environment': {
      const value = access.variable(source.variable);
      if (value === undefined) throw new Error(`the environment has no ${source.variable}`);
      return new TextEncoder().encode(value);
    }
  }
}

export interface DataSources {
  /** Gives the text. @throws Error that says why it cannot */
  read(source: DataSource): string;
}

/** Bytes of one file. Chosen: what is read here are bodies and formats, not data. */
const textBytesMax = 1024 * 1024;

/** Texts, read when a configuration that names them is compiled. */
export function createDataSources(access: Pick<FileAccess, 'read' | 'variable'>): DataSources {
  return {
    read(source) {
      if (source.kind === 'inline') return source.text;
      const bytes = bytesOf(source, access);
      if (source.kind === 'file' && bytes.length > textBytesMax) throw new Error(`${source.path} has ${bytes.length} bytes, may have at most ${textBytesMax}`);
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    },
  };
}

/** Where nothing may be read. */
export const noFiles: FileAccess = {
  read(path) {
    throw new Error(`${path}: this proxy reads no files`);
  },
  variable: () => undefined,
  watch: () => ({ stop() {} }),
};

/** Knows only what resources hold themselves. */
export const inlineSources: DataSources = {
  read(source) {
    if (source.kind === 'inline') return source.text;
    throw new Error(`a ${source.kind === 'file' ? 'file' : 'variable'} cannot be read here`);
  },
};
