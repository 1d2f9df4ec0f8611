/**
 * What the server's objects outlive it in. The server keeps everything in memory and tells the storage of
 * each change before it answers; the storage is read once, at the start.
 */

/** One object as it was last written. */
export interface StoredObject {
  /** `<group>/<resource>/<namespace>/<name>`; the namespace is empty for cluster-wide kinds. */
  readonly key: string;
  readonly resourceVersion: number;
  /** The object's JSON text. */
  readonly text: string;
}

export interface StoredState {
  readonly objects: readonly StoredObject[];
  /** The highest version ever written, deletions included. New ones are higher. */
  readonly resourceVersion: number;
}

export interface Storage {
  /** All that was written so far. Called once. */
  load(): StoredState;
  /** Keeps an object. When it returns, the object survives the end of the process, however it ends. */
  put(object: StoredObject): void;
  /** Forgets an object; `resourceVersion` is the version of the deletion. */
  remove(key: string, resourceVersion: number): void;
  /** Releases what it holds. Nothing may be written afterwards. */
  close(): void;
}
