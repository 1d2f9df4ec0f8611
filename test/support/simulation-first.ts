/**
 * The order of test files. The simulation needs a core for minutes and disturbs nobody, because its processes give way to all others;
 * so it begins first, and works while the tests of real processes wait for theirs. All else goes in Vitest's own order.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

export default class SimulationFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isFirst = ({ moduleId }: TestSpecification) => moduleId.endsWith('/test/simulation/simulation.test.ts');
    const group = sorted.find(isFirst)?.project.config.sequence.groupOrder;
    const begin = sorted.findIndex(({ project }) => project.config.sequence.groupOrder === group);
    if (begin < 0) return sorted;
    return [...sorted.slice(0, begin), ...sorted.filter(isFirst), ...sorted.slice(begin).filter((file) => !isFirst(file))];
  }
}
