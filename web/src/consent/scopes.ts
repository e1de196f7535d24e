/** Programs that want to act for somebody, in words. */

import type { Question } from '../api/auth';

type Asked = Pick<Question, 'clientId' | 'scope' | 'resource'>;

/** Where a program comes from, as far as the portal can know. */
export function originOf(clientId: string): { isVerified: boolean; text: string } {
  const host = URL.canParse(clientId) ? new URL(clientId).host : '';
  return host
    ? { isVerified: true, text: host }
    : { isVerified: false, text: 'It registered itself; nobody has checked its name.' };
}

/** Where the answer goes. */
export function targetOf(redirectUri: string): string {
  if (!URL.canParse(redirectUri)) return redirectUri;
  const url = new URL(redirectUri);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (isLocal) return `a program on this computer (port ${url.port || '80'})`;
  return url.host || `the program that opens ${url.protocol}`;
}

/** What somebody says yes to, one thing in each line. */
export function grantsOf({ scope, resource }: Asked): string[] {
  const scopes = scope.split(' ').filter(Boolean);
  const plugin = resource && URL.canParse(resource) ? new URL(resource).pathname : resource;
  const grants = [
    plugin
      ? `Do everything you may do, but only below ${plugin}`
      : 'Do everything you may do in this portal: read, change and delete',
  ];
  if (scopes.includes('openid')) grants.push('Know who you are: your name here and your groups');
  if (scopes.includes('offline_access')) {
    grants.push('Go on without asking again, until you end it in the settings');
  }
  const known = ['openid', 'offline_access'];
  for (const other of scopes.filter(name => !known.includes(name))) {
    grants.push(`Use the scope ${other}`);
  }
  return grants;
}
