/**
 * The order of test files: those that take longest begin first, so that none of them is left over when all else is done. The simulation
 * needs a core for minutes and disturbs nobody, because its processes give way to all others; meshes wait more than they work. All else
 * goes in Vitest's own order.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const longest: readonly string[] = ['simulation/simulation', 'e2e/services', 'e2e/restarts', 'e2e/mistakes', 'e2e/kubectl'].map((name) => `/test/${name}.test.ts`);

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => longest.some((name) => moduleId.endsWith(name));
    const group = sorted.find(isLong)?.project.config.sequence.groupOrder;
    const begin = sorted.findIndex(({ project }) => project.config.sequence.groupOrder === group);
    if (begin < 0) return sorted;
    const first = longest.flatMap((name) => sorted.filter(({ moduleId }) => moduleId.endsWith(name)));
    return [...sorted.slice(0, begin), ...first, ...sorted.slice(begin).filter((file) => !isLong(file))];
  }
}
