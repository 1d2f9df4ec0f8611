/**
 * Scenario files: commands, and under each what came of it. They read as prose, are compared as a whole, and are
 * rewritten by `vitest -u` for review. The form is that of etcd's raft tests.
 *
 *     # A comment.
 *     command argument key=value
 *     ----
 *     what is expected
 */

/** One command with its arguments; `key=value` arguments stand apart from the others. */
export interface ScenarioCommand {
  readonly name: string;
  readonly words: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

/** Runs a scenario's commands and gives its text with what really came of each. */
export function runScenario(text: string, run: (command: ScenarioCommand) => readonly string[]): string {
  const output: string[] = [];
  let isExpectation = false;
  for (const line of text.split('\n')) {
    if (line === '----') isExpectation = true;
    else if (line === '') isExpectation = false;
    if (isExpectation) continue;
    // What a comment or a blank line follows is kept as it is; only expectations are made anew.
    output.push(line);
    if (line !== '' && !line.startsWith('#')) output.push('----', ...run(parseCommand(line)));
  }
  return `${output.join('\n').trimEnd()}\n`;
}

function parseCommand(line: string): ScenarioCommand {
  const [name = '', ...parts] = line.match(/(?:[^\s"]+|"[^"]*")+/g) ?? [];
  const words: string[] = [];
  const options = new Map<string, string>();
  for (const part of parts) {
    const match = /^([a-z]+)=(.*)$/.exec(part);
    if (match === null || match[2]?.includes('=') === true) words.push(part.replaceAll('"', ''));
    else options.set(match[1] ?? '', (match[2] ?? '').replaceAll('"', ''));
  }
  return { name, words, options };
}
