/** Where a route stands among its levels. */
import type { Route, RouteConfiguration, VirtualHost } from '@sluice/resources';

/** What each of them contributes. */
export interface RoutePlace {
  readonly table: RouteConfiguration;
  readonly host: VirtualHost;
  readonly hostPath: string;
  readonly route: Route;
  readonly path: string;
}
