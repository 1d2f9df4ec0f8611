/**
 * The generator and the backend behind the proxies, in a process of their own. Its argument is `GeneratorOptions` as JSON; it prints
 * `GeneratedLoad` or `ClosedLoopResult` as JSON.
 */
import { silentLogger, systemTimers } from '@sluice/kernel';
import { createSystemNetwork } from '@sluice/proxy';
import { runClosedLoop, type ClosedLoopOptions } from './closed-loop.ts';
import { summariseLoad } from './generated-load.ts';
import { OpenLoop, type OpenLoopOptions } from './open-loop.ts';
import { startReplyingBackend } from './replying-backend.ts';

export type GeneratorOptions = { readonly backendPort: number; readonly replyBody: string } & (({ readonly kind: 'open' } & OpenLoopOptions) | ({ readonly kind: 'closed' } & ClosedLoopOptions));

const options = JSON.parse(process.argv[2] ?? '') as GeneratorOptions;
const network = await createSystemNetwork({ timers: systemTimers, logger: silentLogger, platform: process.platform });
const openLoop = options.kind === 'open' ? new OpenLoop(options) : undefined;
await startReplyingBackend(network, options.backendPort, options.replyBody, openLoop?.sendDue ?? (() => {}));
const result = options.kind === 'open' && openLoop ? summariseLoad(await openLoop.run(network)) : await runClosedLoop(options, network);
process.stdout.write(JSON.stringify(result), () => process.exit());
