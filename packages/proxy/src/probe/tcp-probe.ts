/** Whether somebody listens. */
import type { Address, Network } from '@sluice/kernel';

/** Connects and closes at once. `onResult` is called once, never from within this call; it gives the reason of a failure. */
export function probeTcp(network: Network, address: Address, timeoutMs: number, onResult: (failure: string | undefined) => void): void {
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
        connection.destroy();
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
