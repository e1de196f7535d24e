/** What the portal knows of programs that act for somebody. */

import { request } from './client';

/** How far a program may go, in one plugin or everywhere. */
export interface Access {
  plugin: string | null;
  reach: 'read' | 'write' | 'delete';
}

/** What a program asks for. */
export interface Asking {
  scope: string;
  access: Access[];
  resource: string | null;
}

interface Client {
  clientId: string;
  clientName: string;
}

/** A program asks whether it may act for the user. */
export interface Question extends Asking, Client {
  id: string;
  redirectUri: string;
}

/** A program without a browser waits with a code. */
export interface Device extends Asking, Client {
  userCode: string;
  expiresAt: string;
}

/** A program that may come for tokens of the user. */
export interface Acting {
  id: string;
  clientId: string;
  clientName: string | null;
  scope: string;
  resource: string | null;
  createdAt: number;
  expiresAt: number;
}

/** A browser in which the user is signed in. */
export interface BrowserSession {
  id: string;
  isPresent: boolean;
  provider: string;
  browser: string | null;
  system: string | null;
  agent: string;
  address: string;
  begunAt: number;
  usedAt: number;
}

export interface Sessions {
  /** How long a token lives on whose session has ended. */
  tokenSeconds: number;
  items: BrowserSession[];
}

/** A program with a token of its own. */
export interface Program {
  subject: string;
  kind: 'made' | 'static' | 'legacy' | 'jwks';
  plugins?: string[];
  expiresAt?: number;
}

export interface OwnRoles {
  isOn: boolean;
  items: { role: string; source: string; via: string[] }[];
}

export type Verdict = 'approve' | 'reject';

const BASE = '/api/auth/v1';
const SESSIONS = `${BASE}/browser-sessions`;
const session = (id: string) => `${BASE}/sessions/${encodeURIComponent(id)}`;
const device = (code: string) => `${BASE}/device/${encodeURIComponent(code)}`;

export const auth = {
  question: (id: string) => request<Question>(session(id)),

  answer: (id: string, verdict: Verdict) =>
    request<{ redirectUrl: string }>(`${session(id)}/${verdict}`, { method: 'POST', body: {} }),

  device: (code: string) => request<Device>(device(code)),

  answerDevice: (code: string, verdict: Verdict) =>
    request<object>(`${device(code)}/${verdict}`, { method: 'POST', body: {} }),

  acting: () => request<{ isOn: boolean; items: Acting[] }>(`${BASE}/acting`),

  endActing: (id: string) =>
    request<void>(`${BASE}/acting/${encodeURIComponent(id)}`, { method: 'DELETE' }),

  sessions: () => request<Sessions>(SESSIONS),

  endSession: (id: string) =>
    request<void>(`${SESSIONS}/${encodeURIComponent(id)}`, { method: 'DELETE' }),

  endOtherSessions: () => request<void>(SESSIONS, { method: 'DELETE' }),

  programs: () => request<{ items: Program[] }>('/api/callboard/programs'),

  ownRoles: () => request<OwnRoles>('/api/permission/own-roles'),
};
