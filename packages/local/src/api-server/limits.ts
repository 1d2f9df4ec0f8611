/** What the server bounds, and by how much. */

export interface ApiServerLimits {
  /** How many past changes a watch may go back before it is told 410 Expired. Default 2 000 (chosen: minutes of a busy mesh, in some tens of MB). */
  readonly historyEventsMax: number;
  /** How often a watch that allows bookmarks gets one, in ms. Default 60 000, as kube-apiserver. */
  readonly bookmarkPeriodMs: number;
  /** The largest request body, in bytes. Default 3 MiB, as kube-apiserver. */
  readonly bodyBytesMax: number;
}

export const DEFAULT_LIMITS: ApiServerLimits = {
  historyEventsMax: 2_000,
  bookmarkPeriodMs: 60_000,
  bodyBytesMax: 3 * 1024 * 1024,
};
