/** Who decides on which revision. */
export interface Ownership {
  /** Whether this replica, and no other, may act for a revision now. Ask right before each act. */
  owns(key: string): boolean;
  /** Where the replica is that does; undefined when it is this one, or when it is not known. */
  ownerAddress(key: string): string | undefined;
}

/** A replica that is alone. */
export const ownsAll: Ownership = { owns: () => true, ownerAddress: () => undefined };
