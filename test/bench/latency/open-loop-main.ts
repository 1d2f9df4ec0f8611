/** The generator in a process of its own. Its argument is `OpenLoopOptions` as JSON; it prints `GeneratedLoad` as JSON. */
import { summariseLoad } from './generated-load.ts';
import { runOpenLoop, type OpenLoopOptions } from './open-loop.ts';

console.log(JSON.stringify(summariseLoad(await runOpenLoop(JSON.parse(process.argv[2] ?? '') as OpenLoopOptions))));
