/** What was asked of the API server by service accounts, each thing once: in the words in which rights are granted. */
import type { Attributes, Decision, UserInfo } from '@sluice/local';

export interface NotedDecision {
  /** `mesh/sluice-controller`. */
  readonly account: string;
  readonly verb: string;
  readonly group: string;
  /** With its subresource: `deployments/scale`. */
  readonly resource: string;
  /** Empty: all namespaces, or a kind outside them. */
  readonly namespace: string;
  /** Empty: a collection, or a name that is not known yet. */
  readonly name: string;
  readonly isAllowed: boolean;
}

export class DecisionBook {
  readonly #entries = new Map<string, NotedDecision>();

  note(user: UserInfo, attributes: Attributes, decision: Decision): void {
    const account = /^system:serviceaccount:([^:]+):(.+)$/.exec(user.username);
    if (!account || attributes.kind === 'path') return;
    const { verb, group, resource, subresource, namespace, name } = attributes;
    const entry: NotedDecision = { account: `${account[1]}/${account[2]}`, verb, group, resource: subresource === '' ? resource : `${resource}/${subresource}`, namespace, name, isAllowed: decision.allowed };
    this.#entries.set(JSON.stringify(entry), entry);
  }

  entries(): readonly NotedDecision[] {
    return [...this.#entries.values()];
  }
}
