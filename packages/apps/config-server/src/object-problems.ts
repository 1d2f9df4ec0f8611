/** What is wrong with single objects, as far as something has changed about them. A problem is said once, when it comes. */
import { formatProblem, type Logger, type Problem } from '@sluice/kernel';
import type { EventRecorder, KubernetesObject } from '@sluice/kubernetes';
import type { LiveModel, ObjectList, ObjectProblem } from '@sluice/serving';
import type { Translator } from '@sluice/translator';

export interface ObjectProblemsOptions {
  readonly model: LiveModel;
  readonly translator: Translator;
  readonly logger: Logger;
  /** Tells it on the object itself. */
  readonly recorder: Pick<EventRecorder, 'record'>;
}

export class ObjectProblems {
  readonly #options: ObjectProblemsOptions;
  readonly #oddities = new Map<string, ObjectProblem>();
  readonly #ofOwners = new Map<string, readonly ObjectProblem[]>();

  constructor(options: ObjectProblemsOptions) {
    this.#options = options;
  }

  /** Sorted by kind, namespace and name. */
  list(): readonly ObjectProblem[] {
    const place = ({ kind, namespace, name }: ObjectProblem) => `${kind} ${namespace}/${name}`;
    return [...this.#oddities.values(), ...[...this.#ofOwners.values()].flat()].sort((a, b) => (place(a) < place(b) ? -1 : 1));
  }

  /** An object has been seen, and the model has taken it over or not. */
  onObject(list: ObjectList, key: string, object: KubernetesObject | undefined): void {
    const name = `${list} ${key}`;
    const oddity = this.#options.model.oddity(list, key);
    if (oddity) {
      const before = this.#oddities.get(name);
      this.#say(before ? [before] : [], [oddity]);
      this.#oddities.set(name, oddity);
      const text = formatProblem(oddity.problem);
      // An Ingress has conditions that say so. The others have none, or one that is another's to write.
      if (object && list !== 'ingresses' && (!before || formatProblem(before.problem) !== text)) this.#options.recorder.record(object, 'Warning', 'Refused', text);
    } else this.#oddities.delete(name);
  }

  /** There may be something new to say about these owners of routes. */
  onOwners(keys: Iterable<string>): void {
    for (const key of keys) {
      const found = this.problemsOf(key);
      this.#say(this.#ofOwners.get(key) ?? [], found);
      if (found.length > 0) this.#ofOwners.set(key, found);
      else this.#ofOwners.delete(key);
    }
  }

  /** Of the routes that an object declares: why they are not served as it says. */
  problemsOf(owner: string): readonly ObjectProblem[] {
    const { model, translator } = this.#options;
    const state = model.owner(owner);
    if (!state) return [];
    const heldBack: Problem[] = state.routes.flatMap((route) => [...translator.problemsOf(route)]);
    return [...state.problems, ...heldBack].map((problem) => ({ kind: state.owner.kind, namespace: state.namespace, name: state.owner.name, problem }));
  }

  #say(before: readonly ObjectProblem[], now: readonly ObjectProblem[]): void {
    const known = new Set(before.map(({ problem }) => formatProblem(problem)));
    for (const { kind, namespace, name, problem } of now) {
      const text = formatProblem(problem);
      if (!known.has(text)) this.#options.logger.warn('object problem', { kind, namespace, name, problem: text });
    }
  }
}
