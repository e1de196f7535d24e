/**
 * Who is signed in, and their token.
 *
 * The token lives in memory only. A cookie that scripts cannot read tells the server who asks for a
 * page, so that the page can bring its first data.
 */

import { ApiError, request } from '../api/client';
import { bootSession, config, type Provider, type SessionUser } from '../app/boot';
import { forgetKept, keepFor } from '../app/kept';
import {
  addressHere,
  endSession,
  endTokens,
  refreshSession,
  type SignedIn,
  signInByWindow,
} from './providers';
import { takeReturn, whenBack, willReturn } from './return';

export type SessionState =
  | { status: 'signed-out'; error?: Error }
  | { status: 'signing-in' }
  | { status: 'signed-in'; user: SessionUser };

const SIGNED_OUT = 'callboard.signed-out';
/** The provider of the last sign-in, which has the session that can be renewed. */
const PROVIDER = 'callboard.provider';
/** Who signed in last and when, for the other tabs of this browser. */
const SIGNED_IN = 'callboard.signed-in';
/** A token is renewed this long before it ends. */
const MARGIN_MS = 60_000;
/** The provider asked somebody, and there is no session after all. */
const NO_SESSION = 'You are not signed in yet, or the provider gives no session that lasts.';
const COOKIE = '/api/app/.backstage/auth/v1/cookie';

class Session {
  private provider: Provider | undefined = initialProvider();
  /** Whether a provider has just sent this page back. */
  private back = takeReturn();
  private state: SessionState = initialState(this.provider, this.back?.error);
  private listeners = new Set<() => void>();
  private held: { token: string; until: number } | null = null;
  private pending: Promise<string> | null = null;

  constructor() {
    globalThis.addEventListener?.('storage', event => this.hear(event));
    whenBack(() => this.state.status === 'signing-in' && this.set({ status: 'signed-out' }));
  }

  readonly get = (): SessionState => this.state;

  /** How the user signed in. */
  readonly via = (): Provider | undefined => this.provider;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Begins what can be begun without asking. */
  start(): void {
    if (this.state.status !== 'signed-out') this.renew().catch(() => undefined);
  }

  /** Signs in with a provider; must be called while handling a click. */
  async signIn(provider: Provider): Promise<void> {
    const asked = provider.kind === 'pages' ? signInByWindow(provider) : refreshSession(provider);
    // Where no window opens, this one goes.
    if (!asked) return this.signInHere(provider);
    this.set({ status: 'signing-in' });
    try {
      const signedIn = await asked;
      this.choose(provider);
      this.keep(signedIn);
      tellTabs(signedIn);
    } catch (cause) {
      this.set({ status: 'signed-out', error: errorOf(cause) });
    }
  }

  /** Signs in on the pages of a provider in this window, which comes back to this page. */
  signInHere(provider: Provider): void {
    this.choose(provider);
    this.set({ status: 'signing-in' });
    willReturn();
    location.assign(addressHere(provider));
  }

  private choose(provider: Provider): void {
    localStorage.removeItem(SIGNED_OUT);
    localStorage.setItem(PROVIDER, provider.id);
    this.provider = provider;
  }

  async signOut(): Promise<void> {
    await request(COOKIE, { method: 'DELETE' }).catch(() => undefined);
    await endTokens();
    // Now that no page brings anything of this user any more, other tabs may load anew.
    localStorage.setItem(SIGNED_OUT, '1');
    const leave = this.provider && (await endSession(this.provider).catch(() => undefined));
    this.held = null;
    forgetKept();
    // Everything that was loaded belongs to who was signed in.
    location.assign(leave ?? `${config.basePath}/`);
  }

  /** A token that is good for a while. */
  token(): Promise<string> {
    if (this.held && this.held.until - MARGIN_MS > Date.now()) {
      return Promise.resolve(this.held.token);
    }
    return this.renew();
  }

  /** A new token; who asks meanwhile gets the same. */
  renew(): Promise<string> {
    this.pending ??= this.fetchToken().finally(() => {
      this.pending = null;
    });
    return this.pending;
  }

  private async fetchToken(): Promise<string> {
    const wasSignedIn = this.state.status === 'signed-in';
    try {
      if (!this.provider) throw new Error('Nobody is signed in.');
      const { provider } = this;
      const signedIn = await refreshSession(provider);
      if (this.back) tellTabs(signedIn);
      this.back = undefined;
      return this.keep(signedIn);
    } catch (cause) {
      const error = this.back ? new Error(NO_SESSION) : errorOf(cause);
      const isOffline = error instanceof ApiError && error.isOffline;
      // Without a network the page goes on with what it has.
      if (!isOffline || !wasSignedIn) this.set({ status: 'signed-out', error: tellable(error) });
      throw error;
    }
  }

  private keep({ token, expiresInSeconds = 3600, identity }: SignedIn): string {
    const { userEntityRef, ownershipEntityRefs } = identity;
    const user = { userEntityRef, ownershipEntityRefs };
    this.held = { token, until: Date.now() + expiresInSeconds * 1000 };
    keepFor(userEntityRef);
    const cookie = request(COOKIE);
    const show = () => this.set({ status: 'signed-in', user });
    if (isSomebodyElse(this.state, userEntityRef)) {
      // What was loaded, and what came with the page, belongs to who was signed in before.
      cookie.then(() => location.reload(), show);
      return token;
    }
    cookie.catch(() => undefined);
    if (!isSame(this.state, user)) show();
    return token;
  }

  /** Another tab signed in or out: this one shows nothing that belongs to somebody else. */
  private hear({ key, newValue }: StorageEvent): void {
    if (key === SIGNED_OUT && newValue && this.state.status !== 'signed-out') location.reload();
    if (key !== SIGNED_IN || !newValue) return;
    const [userEntityRef] = JSON.parse(newValue) as [string];
    // A tab whose own window is open goes on with it.
    const isBehind = this.state.status === 'signed-out';
    if (isBehind || isSomebodyElse(this.state, userEntityRef)) location.reload();
  }

  private set(state: SessionState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

/** Other tabs of this browser follow. */
function tellTabs({ identity }: SignedIn): void {
  localStorage.setItem(SIGNED_IN, JSON.stringify([identity.userEntityRef, Date.now()]));
}

function errorOf(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}

/** A session that has simply ended is no error. */
function tellable(error: Error): Error | undefined {
  return error instanceof ApiError && error.status === 401 && /cookie/i.test(error.message)
    ? undefined
    : error;
}

function isSomebodyElse(state: SessionState, userEntityRef: string): boolean {
  return state.status === 'signed-in' && state.user.userEntityRef !== userEntityRef;
}

function isSame(state: SessionState, user: SessionUser): boolean {
  return state.status === 'signed-in' && JSON.stringify(state.user) === JSON.stringify(user);
}

/** The provider of the last sign-in, or the only one that asks nobody. */
function initialProvider(): Provider | undefined {
  const { providers } = config;
  const last = globalThis.localStorage?.getItem(PROVIDER);
  const [only] = providers;
  const isClear = providers.length === 1 && only && only.kind !== 'pages';
  return providers.find(({ id }) => id === last) ?? (isClear ? only : undefined);
}

function initialState(provider: Provider | undefined, error: Error | undefined): SessionState {
  if (error) return { status: 'signed-out', error };
  if (!provider || globalThis.localStorage?.getItem(SIGNED_OUT)) return { status: 'signed-out' };
  if (!bootSession) return { status: 'signing-in' };
  keepFor(bootSession.userEntityRef);
  return { status: 'signed-in', user: bootSession };
}

export const session = new Session();
