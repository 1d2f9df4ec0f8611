/** The file in which what was accepted outlives the process. Written as a whole under another name, then moved. */
import { open, readFile, rename, rm } from 'node:fs/promises';
import type { Counter, Logger, Meter, Timers } from '@sluice/kernel';
import { decodeCache, encodeCache, type CachedSources } from '@sluice/xds';

export interface CacheFileOptions {
  readonly path: string;
  readonly node: string;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** Changes of a second go into one file. Chosen: a restart takes longer than that. */
const delayMs = 1_000;

export class CacheFile {
  readonly #options: CacheFileOptions;
  readonly #written: Counter;
  readonly #failed: Counter;
  #isDue = false;
  #last: Promise<void> = Promise.resolve();

  constructor(options: CacheFileOptions) {
    this.#options = options;
    const counter = (result: string) => options.meter.counter('sluice_config_cache_writes_total', 'times that configuration was kept in a file', { result });
    this.#written = counter('written');
    this.#failed = counter('failed');
  }

  /** Undefined when there is none, or none that could be used. */
  async read(): Promise<CachedSources | undefined> {
    const { path, node, logger } = this.#options;
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') logger.warn('config cache not read', { path, error });
      return undefined;
    }
    const decoded = decodeCache(text, node);
    if (decoded.ok) return decoded.sources;
    logger.warn('config cache ignored', { path, reason: decoded.reason });
    return undefined;
  }

  /** Writes soon; what is held is read then. */
  write(read: () => CachedSources): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#options.timers.after(delayMs, () => {
      this.#isDue = false;
      this.#last = this.#last.then(() => this.#write(read()));
    });
  }

  async #write(sources: CachedSources): Promise<void> {
    const { path, node, logger } = this.#options;
    const text = encodeCache(sources, node);
    try {
      if (text === undefined) {
        // An old state is worse than none.
        logger.warn('config cache too large', { path });
        await rm(path, { force: true });
        this.#failed.add();
        return;
      }
      const temporary = `${path}.new`;
      const file = await open(temporary, 'w', 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
      this.#written.add();
    } catch (error) {
      logger.warn('config cache not written', { path, error });
      this.#failed.add();
    }
  }
}
