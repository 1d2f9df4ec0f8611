/** Whether somebody listens. */
import type { Address, Connection, Network } from '@sluice/kernel';

/**
 * Connects and closes at once. `onResult` is called once, never from within this call; it gives the reason of a failure.
 * @param keep takes the open connection instead; from then on it is its owner's
 */
export function probeTcp(network: Network, address: Address, timeoutMs: number, onResult: (failure: string | undefined) => void, keep?: (connection: Connection) => void): void {
  let isDone = false;
  function finish(failure: string | undefined): void {
    if (isDone) return;
    isDone = true;
    onResult(failure);
  }
  const connection = network.connect(
    address,
    {
      onOpen() {
        if (keep) keep(connection);
        else connection.destroy();
        finish(undefined);
      },
      onData() {},
      onDrain() {},
      onEnd() {},
      onClose: (error) => finish(error?.message ?? 'connection closed'),
    },
    { timeoutMs },
  );
}
