/** Who sends a request, as reviews and admission webhooks are told. */
export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
}

/** The embedded server authenticates nobody: whoever reaches it is the person at this machine, and may do anything. */
export const LOCAL_USER: UserInfo = { username: 'sluice', groups: ['system:masters', 'system:authenticated'] };
