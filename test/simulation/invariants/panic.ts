/**
 * In panic the wanted number of pods never falls: a peak that has just been seen may come again. An autoscaler
 * that starts anew knows only the pods that are ready, and begins from those; and so does a revision that is made anew
 * under an old name, which shows in that its scale is not what was decided last.
 */
import type { Invariant } from './invariant.ts';

export const panicNeverFalls: Invariant = {
  name: 'in panic the desired scale never falls',
  create({ violated }) {
    /** Revision → what its last decision, made in panic, wanted. */
    const panicking = new Map<string, number>();
    return {
      observe(observation) {
        if (observation.kind === 'process started' && observation.process === 'autoscaler') panicking.clear();
        if (observation.kind !== 'log' || observation.event !== 'scale decision') return;
        const { fields } = observation;
        const revision = String(fields['revision']);
        const wanted = Number(fields['to']);
        const before = panicking.get(revision);
        if (fields['panicking'] !== true) {
          panicking.delete(revision);
          return;
        }
        if (before !== undefined && Number(fields['from']) === before && wanted < before) violated(`${revision} from ${before} to ${wanted} in panic`);
        panicking.set(revision, wanted);
      },
    };
  },
};
