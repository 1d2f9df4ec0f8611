/** A process with a runner and one program, made to be killed. Prints the pids of the program and of its child. */
import { silentLogger, systemTimers } from '@sluice/kernel';
import { SystemProcessRunner } from '../system-process-runner.ts';

const runner = new SystemProcessRunner({
  recordsPath: process.argv[2] as string,
  timers: systemTimers,
  logger: silentLogger,
  platform: process.platform,
    programFolder: process.cwd(),
});
const running = runner.start(
  {
    argv: ['sh', '-c', 'sleep 300 & echo $!; wait'],
    env: { PATH: process.env.PATH ?? '' },
    identity: { namespace: 'default', pod: 'p', podUid: 'u', container: 'c', podIp: '127.0.0.1' },
  },
  {
    onOutput: (_stream, bytes) => process.stdout.write(`${running.pid} ${new TextDecoder().decode(bytes)}`),
    onExit: () => {},
  },
);
