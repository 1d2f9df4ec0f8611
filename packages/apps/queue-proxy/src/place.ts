/**
 * The place of a sidecar that is started before anybody knows for whom: with `SLUICE_STARTED_AHEAD=1` it does what can be done ahead and then waits until
 * its standard input has ended, which says, as JSON, what `args`, what environment (`env`) and what folder (`cwd`) it is to have had from the beginning.
 */

export interface Place {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** What of a process a place changes. */
export interface Occupant {
  argv: string[];
  env: Record<string, string | undefined>;
  chdir(folder: string): void;
}

/** @param text what it was told @returns false when that is nothing: then it is not wanted any more */
export function takePlace(text: string, occupant: Occupant): boolean {
  if (text === '') return false;
  const { args, env, cwd } = JSON.parse(text) as Place;
  // In its own words: what it was started with is nobody's business any more.
  for (const name of Object.keys(occupant.env)) delete occupant.env[name];
  Object.assign(occupant.env, env);
  occupant.argv.splice(2, occupant.argv.length, ...args);
  occupant.chdir(cwd);
  return true;
}
