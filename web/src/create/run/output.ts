/** What templates say of their results. */

import { portalUrl } from '../../api/client';
import { isWebUrl } from '../../api/entity';

/** Where a link leads: elsewhere, or to a page of the portal. */
export function addressOf(url: string): string | undefined {
  // A browser takes two slashes, also backward ones, for a host.
  if (/^\/(?![/\\])/.test(url)) return portalUrl(url);
  return isWebUrl(url) ? url : undefined;
}
