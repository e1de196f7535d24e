/**
 * Who is signed in, and their token.
 *
 * The token lives in memory only. A cookie that scripts cannot read tells the server who asks for a
 * page, so that the page can bring its first data.
 */

import { ApiError, request } from '../api/client';
import { bootSession, config, type SessionUser } from '../app/boot';

export type SessionState =
  | { status: 'signed-out' }
  | { status: 'signing-in' }
  | { status: 'signed-in'; user: SessionUser }
  | { status: 'failed'; error: Error };

interface SignInAnswer {
  backstageIdentity: {
    token: string;
    expiresInSeconds?: number;
    identity: SessionUser;
  };
}

const SIGNED_OUT = 'callboard.signed-out';
/** A token is renewed this long before it ends. */
const MARGIN_MS = 60_000;
const COOKIE = '/api/app/.backstage/auth/v1/cookie';

class Session {
  private state: SessionState = initialState();
  private listeners = new Set<() => void>();
  private held: { token: string; until: number } | null = null;
  private pending: Promise<string> | null = null;

  readonly get = (): SessionState => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Begins what can be begun without asking. */
  start(): void {
    if (this.state.status === 'signed-in' || this.state.status === 'signing-in') {
      this.renew().catch(() => undefined);
    }
  }

  signIn(): void {
    localStorage.removeItem(SIGNED_OUT);
    this.set({ status: 'signing-in' });
    this.renew().catch(() => undefined);
  }

  async signOut(): Promise<void> {
    localStorage.setItem(SIGNED_OUT, '1');
    await request(COOKIE, { method: 'DELETE' }).catch(() => undefined);
    this.held = null;
    // Everything that was loaded belongs to who was signed in.
    location.assign(`${config.basePath}/`);
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
    try {
      const answer = await request<SignInAnswer>('/api/auth/guest/refresh', { open: true });
      const { token, expiresInSeconds = 3600, identity } = answer.backstageIdentity;
      this.held = { token, until: Date.now() + expiresInSeconds * 1000 };
      const user = {
        userEntityRef: identity.userEntityRef,
        ownershipEntityRefs: identity.ownershipEntityRefs,
      };
      if (!isSame(this.state, user)) this.set({ status: 'signed-in', user });
      request(COOKIE).catch(() => undefined);
      return token;
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      const isRefused = !(error instanceof ApiError) || !error.isOffline;
      // Without a network the page goes on with what it has.
      if (isRefused || this.state.status !== 'signed-in') this.set({ status: 'failed', error });
      throw error;
    }
  }

  private set(state: SessionState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

function isSame(state: SessionState, user: SessionUser): boolean {
  return state.status === 'signed-in' && JSON.stringify(state.user) === JSON.stringify(user);
}

function initialState(): SessionState {
  if (globalThis.localStorage?.getItem(SIGNED_OUT)) return { status: 'signed-out' };
  if (bootSession) return { status: 'signed-in', user: bootSession };
  // With a guest and nobody else there is nothing to choose.
  const onlyGuest = config.providers.length === 1 && config.providers[0] === 'guest';
  return onlyGuest ? { status: 'signing-in' } : { status: 'signed-out' };
}

export const session = new Session();
