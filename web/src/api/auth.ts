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

export type Verdict = 'approve' | 'reject';

const BASE = '/api/auth/v1';
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
};
