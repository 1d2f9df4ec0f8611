/** Everything that `pnpm fuzz NAME` can be asked for. */
import type { FuzzTarget } from './fuzz-target.ts';
import { http1Target } from './http1/http1-target.ts';
import { http2Target } from './http2/http2-target.ts';
import { xdsTarget } from './xds/xds-target.ts';

export const targets: readonly FuzzTarget[] = [http1Target, http2Target, xdsTarget];
