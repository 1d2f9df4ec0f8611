/** A proxy's access log, whose lines are observations. The format is Envoy's default, since nothing else is configured. */
import type { AccessLogOutput } from '@sluice/proxy';
import type { ComponentContext } from './component.ts';

/** `[time] "GET /path HTTP/1.1" 200 - …`; the rest of the line is kept as it is. */
const linePattern = /^\[[^\]]*\] "(?<method>\S+) (?<path>\S+) \S+" (?<status>\d+) (?<flags>\S+) (?<rest>.*)$/;

export function observeAccessLog({ world, sandbox }: ComponentContext): (path: string) => AccessLogOutput {
  return () => ({
    write(text) {
      for (const line of text.toString().split('\n')) {
        if (line === '') continue;
        const fields = linePattern.exec(line)?.groups ?? { line };
        world.observations.tell({ at: sandbox.clock.now(), kind: 'access log', process: sandbox.name, fields });
      }
    },
  });
}
