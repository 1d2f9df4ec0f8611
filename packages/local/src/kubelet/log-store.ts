/** Where logs of containers are found again: by pod, container and run. */
import type { ContainerLog } from './container-log.ts';

export interface LogKey {
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly container: string;
}

export interface LogStore {
  /** A new log for a container's next run. Of earlier runs only the one before is kept. */
  open(key: LogKey, run: number): ContainerLog;
  /**
   * The log of the latest run, or of the one before. What an earlier kubelet wrote counts too, as far as the store
   * outlives it.
   */
  find(key: LogKey, previous: boolean): Promise<StoredLog | undefined>;
  /** Forgets all logs of a pod. */
  remove(key: Omit<LogKey, 'container'>): void;
}

/** A log that may have ended long ago. */
export type StoredLog = Pick<ContainerLog, 'read' | 'follow'>;
