/** What load says at its end. */
export interface LoadReport {
  readonly answered: number;
  /** What went wrong, and when in ms since the start; the first hundred. */
  readonly lost: readonly { readonly atMs: number; readonly what: string }[];
  readonly lostCount: number;
  /** Answers by their text: `hello from hello-00001`. */
  readonly texts: Readonly<Record<string, number>>;
  readonly slowestMs: number;
}
