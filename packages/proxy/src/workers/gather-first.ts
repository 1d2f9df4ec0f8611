/** Admin pages about several workers: their numbers are gathered before a page is made, so that pages need not know. */
import type { Admin } from '../admin/admin.ts';
import type { Fleet } from './fleet.ts';

/** Without a fleet the pages stay as they are. */
export function gatherFirst(fleet: Fleet | undefined, admin: Admin): Admin {
  if (!fleet) return admin;
  return {
    async handle(request) {
      await fleet.gather();
      return admin.handle(request);
    },
  };
}
