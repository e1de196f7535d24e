/** Where links lead that others wrote: to a page of the portal, elsewhere, or nowhere. */

import { portalUrl } from '../api/client';
import { isWebUrl } from '../api/entity';

/** Stands for the address of the portal. */
const HERE = 'http://portal.invalid';

/** The page of the portal that a link leads to; `undefined` when it leads elsewhere. */
export function pathOf(link: string): string | undefined {
  if (link.startsWith('#') || !URL.canParse(link, `${HERE}/`)) return undefined;
  const url = new URL(link, `${HERE}/`);
  const isPage = url.origin === HERE && !url.pathname.startsWith('/api/');
  return isPage ? `${url.pathname}${url.search}${url.hash}` : undefined;
}

/** The address to show; `undefined` for one that must not be followed. */
export function hrefOf(link: string): string | undefined {
  const path = pathOf(link);
  if (path) return portalUrl(path);
  return isWebUrl(link) ? link : undefined;
}
