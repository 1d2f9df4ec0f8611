/**
 * Whether a revision is reached by its pods or by its Service. A mesh of others may let nobody through to a pod's address, and answers in
 * its place; then the Service is called, and who is behind it is the mesh's business. Knative's rules, but for one: what
 * Kubernetes calls ready is used at once, and doubted only when it answers as a mesh would.
 * https://github.com/knative/serving/blob/main/pkg/activator/net/revision_backends.go
 *
 *     pods ──a ready pod is asked before any has answered: all answers are a mesh's──► doubted ──the Service answers──► service
 *      ▲                                                                                 │
 *      └──────────────────────────────── a pod answers ──────────────────────────────────┘
 *
 * `service` is for good. `pods` is, too, once a pod has answered.
 */

/** What came of asking. `mesh`: an answer such as a proxy gives that does not know the way, 502 or 503. */
export type ReachAnswer = 'ready' | 'mesh' | 'other';

export type Reach = 'pods' | 'doubted' | 'service';

export class PodReach {
  readonly #isServiceAlways: boolean;
  #reach: Reach;
  #isSettled = false;

  /** @param isServiceAlways pods are never called */
  constructor(isServiceAlways: boolean) {
    this.#isServiceAlways = isServiceAlways;
    this.#reach = isServiceAlways ? 'doubted' : 'pods';
  }

  get reach(): Reach {
    return this.#reach;
  }

  /** Whether there is anything left to find out. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** A pod has answered that it is ready: so pods are reached. @returns whether that is news */
  onPodReady(): boolean {
    if (this.#reach === 'service' || this.#isServiceAlways) return false;
    const isNews = this.#reach !== 'pods';
    this.#reach = 'pods';
    this.#isSettled = true;
    return isNews;
  }

  /** Pods that Kubernetes calls ready have been asked, all at the same time. @returns whether `reach` is another now */
  onPodsAsked(answers: readonly ReachAnswer[]): boolean {
    if (this.#isSettled || answers.length === 0) return false;
    if (answers.includes('ready')) return this.onPodReady();
    if (this.#reach === 'doubted' || !answers.every((answer) => answer === 'mesh')) return false;
    this.#reach = 'doubted';
    return true;
  }

  /** The Service has answered in place of pods. @returns whether `reach` is another now */
  onServiceAsked(answer: ReachAnswer): boolean {
    if (this.#isSettled || this.#reach !== 'doubted' || answer !== 'ready') return false;
    this.#reach = 'service';
    this.#isSettled = true;
    return true;
  }
}
