/** What rules say about a request. */
export interface RbacJudgement {
  readonly isAllowed: boolean;
  /** Name of the policy that matched; empty when none did. */
  readonly policy: string;
}
