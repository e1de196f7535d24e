/** Signing in with a provider: its addresses, its window, its name. */

import { portalUrl, request } from '../api/client';
import { config, type Provider, type SessionUser } from '../app/boot';
import { allowed } from '../app/kept';

export interface SignedIn {
  token: string;
  expiresInSeconds?: number;
  identity: SessionUser;
}

interface SessionAnswer {
  backstageIdentity?: SignedIn;
  providerInfo?: { accessToken?: string; scope?: string };
}

interface Message {
  type?: string;
  response?: SessionAnswer;
  error?: { name?: string; message?: string };
}

const NAMES: Record<string, string> = {
  github: 'GitHub',
  gitlab: 'GitLab',
  google: 'Google',
  microsoft: 'Microsoft',
  okta: 'Okta',
  auth0: 'Auth0',
  onelogin: 'OneLogin',
  openshift: 'OpenShift',
  pinniped: 'Pinniped',
  vmwareCloudServices: 'VMware Cloud Services',
  atlassian: 'Atlassian',
  bitbucket: 'Bitbucket',
  bitbucketServer: 'Bitbucket Server',
  oidc: 'single sign-on',
  oauth2: 'single sign-on',
};

/** What the button of a provider says. */
export function signInLabel({ id, kind }: Provider): string {
  if (kind === 'guest') return 'Continue as guest';
  return kind === 'proxy' ? 'Continue' : `Sign in with ${NAMES[id] ?? id}`;
}

function address(provider: Provider, step: string, query: Record<string, string> = {}): string {
  const environment = provider.environment ? { env: provider.environment } : undefined;
  const text = new URLSearchParams({ ...environment, ...query }).toString();
  return `/api/auth/${encodeURIComponent(provider.id)}/${step}${text && `?${text}`}`;
}

/** Other tabs wait for an answer, so it must not stay away for ever. */
const REFRESH_MS = 30_000;

/** Held by who renews a session. */
const RENEWING = 'callboard.renewing';

/**
 * What the browser has stands for: a cookie, a proxy, or nothing at all for guests. Nobody else
 * renews meanwhile: a provider that gives a new refresh token each time takes one that comes twice
 * for stolen, and ends the session.
 */
function refresh(provider: Provider, query?: Record<string, string>): Promise<SessionAnswer> {
  const path = address(provider, 'refresh', query);
  const run = () => {
    const signal = AbortSignal.timeout(REFRESH_MS);
    return request<SessionAnswer>(path, { open: true, signal });
  };
  // Browsers lock on HTTPS and on this machine only.
  const locks: LockManager | undefined = globalThis.navigator?.locks;
  return locks ? locks.request(RENEWING, run) : run();
}

export async function refreshSession(provider: Provider): Promise<SignedIn> {
  return identityOf(await refresh(provider));
}

/** A person's own token for a provider, if they have allowed all of this in this browser before. */
export async function tokenFor(
  provider: Provider,
  scopes: readonly string[],
): Promise<string | undefined> {
  if (!allowed.has(provider.id)) return undefined;
  const answer = await refresh(provider, { scope: scopes.join(' ') });
  const { accessToken, scope = '' } = answer.providerInfo ?? {};
  const granted = scope.split(/[\s,|]+/);
  return scopes.every(wanted => granted.includes(wanted)) ? accessToken : undefined;
}

/** Asks a person for a token of their own; must be called while handling a click. */
export async function askForToken(provider: Provider, scopes: readonly string[]): Promise<string> {
  const answer = await openWindow(provider, { scope: scopes.join(' ') });
  if (!answer) throw new Error('The browser did not open the window. Allow pop-ups for this site.');
  const token = answer.providerInfo?.accessToken;
  if (!token) throw new Error('The provider gave no token.');
  allowed.add(provider.id);
  return token;
}

function identityOf(answer: SessionAnswer): SignedIn {
  if (answer.backstageIdentity) return answer.backstageIdentity;
  throw new Error('The provider did not say who you are. It needs `signIn` in its configuration.');
}

/** Forgets the session; some providers then want to show a page of their own. */
export async function endSession(provider: Provider): Promise<string | undefined> {
  if (provider.kind !== 'pages') return undefined;
  const answer = await request<{ logoutUrl?: string } | undefined>(address(provider, 'logout'), {
    method: 'POST',
    open: true,
  });
  return answer?.logoutUrl;
}

/** Forgets the tokens of source control hosts: the next person at this browser has none of them. */
export async function endTokens(): Promise<void> {
  const given = config.hosts.flatMap(({ provider }) => provider ?? []);
  const ours = given.filter(({ id }) => allowed.has(id));
  await Promise.all(ours.map(provider => endSession(provider).catch(() => undefined)));
}

const WINDOW = 'popup,width=480,height=720';
const LOOK_MS = 300;

/** Where a provider is asked from this page itself, which it then leads back to. */
export function addressHere(provider: Provider): string {
  const { origin, href: redirectUrl } = location;
  return portalUrl(address(provider, 'start', { origin, flow: 'redirect', redirectUrl }));
}

/**
 * Opens the window of a provider; must be called while handling a click. Gives nothing when the
 * browser opens none.
 */
export function signInByWindow(provider: Provider): Promise<SignedIn> | undefined {
  return openWindow(provider)?.then(identityOf);
}

function openWindow(
  provider: Provider,
  query?: Record<string, string>,
): Promise<SessionAnswer> | undefined {
  const start = address(provider, 'start', {
    origin: location.origin,
    flow: 'popup',
    ...query,
  });
  const opened = window.open(portalUrl(start), 'callboard-sign-in', WINDOW);
  if (!opened) return undefined;
  return new Promise((resolve, reject) => {
    const end = (act: () => void) => {
      removeEventListener('message', hear);
      clearInterval(watch);
      act();
    };
    const hear = (event: MessageEvent<Message>) => {
      // Anybody can post messages; only our own window counts.
      if (event.origin !== location.origin || event.source !== opened) return;
      const { type, response, error } = event.data ?? {};
      if (type !== 'authorization_response') return;
      end(() => {
        if (error) reject(new Error(error.message ?? 'The provider refused'));
        else resolve(response ?? {});
      });
    };
    const watch = setInterval(() => {
      // Its last message may still be on its way.
      if (opened.closed)
        setTimeout(
          () => end(() => reject(new Error('The window was closed before you signed in.'))),
          LOOK_MS,
        );
    }, LOOK_MS);
    addEventListener('message', hear);
  });
}
