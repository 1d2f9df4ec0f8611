import type { JsonObject } from '../json.ts';
import type { Entry } from '../store/object-store.ts';

/** The outcome of a write, before it becomes an answer. */
export interface Written {
  readonly status: number;
  /** The object in the version of the request. */
  readonly object: JsonObject;
  /** The stored object; absent when nothing was kept (dry run, or deleted by this very write). */
  readonly entry?: Entry;
  /** Texts for `Warning` headers. */
  readonly warnings: readonly string[];
}
