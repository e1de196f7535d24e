/** Programs that want to act for somebody, in words. */

import type { Access, Asking } from '../api/auth';

/** Where a program comes from, as far as the portal can know. */
export function originOf(clientId: string): { isVerified: boolean; text: string } {
  const host = URL.canParse(clientId) ? new URL(clientId).host : '';
  return host
    ? { isVerified: true, text: host }
    : { isVerified: false, text: 'It registered itself; nobody has checked its name.' };
}

/** Whether the answer goes to a program on this computer, which anybody can pretend to be. */
export function isLocal(redirectUri: string): boolean {
  if (!URL.canParse(redirectUri)) return false;
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(redirectUri).hostname);
}

/** Where the answer goes. */
export function targetOf(redirectUri: string): string {
  if (!URL.canParse(redirectUri)) return redirectUri;
  const url = new URL(redirectUri);
  if (isLocal(redirectUri)) return `a program on this computer (port ${url.port || '80'})`;
  return url.host || `the program that opens ${url.protocol}`;
}

const REACH: Record<Access['reach'], string> = {
  read: 'Read what you may read',
  write: 'Read, create and change what you may, but delete nothing',
  delete: 'Do everything you may do: read, change and delete',
};

function placeOf(plugin: string | null, resource: string | null): string {
  if (plugin) return `in ${plugin}`;
  const path = resource && URL.canParse(resource) ? new URL(resource).pathname : resource;
  return path ? `below ${path} only` : 'in the whole portal';
}

/** What somebody says yes to, one thing in each line. */
export function grantsOf({ scope, access, resource }: Asking): string[] {
  const scopes = scope.split(' ');
  const grants = access.map(({ plugin, reach }) => `${REACH[reach]}, ${placeOf(plugin, resource)}`);
  if (scopes.includes('openid')) grants.push('Know who you are: your name here and your groups');
  if (scopes.includes('offline_access')) {
    grants.push('Go on without asking again, until you end it in the settings');
  }
  return grants;
}
