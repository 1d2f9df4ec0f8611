/**
 * The last word of a test run: each skipped test with its reason, then `N passed, N failed, N skipped`
 * alone on a line, which people and machines can both read.
 */
import type { Reporter, TestModule } from 'vitest/node';

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0;
    let failed = errors.length;
    const skipped: string[] = [];
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') passed += 1;
        else if (result.state === 'failed') failed += 1;
        else skipped.push(`${test.fullName}: ${('note' in result && result.note) || 'no reason given'}`);
      }
      for (const suite of module.children.allSuites()) failed += suite.errors().length;
    }
    const lines = skipped.map((line) => `skipped: ${line}`);
    lines.push(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
    process.stdout.write(`\n${lines.join('\n')}\n`);
  }
}
