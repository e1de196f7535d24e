/** What the portal knows of programs that act for somebody. */

import { request } from './client';

/** A program asks whether it may act for the user. */
export interface Question {
  id: string;
  clientId: string;
  clientName: string;
  scope: string;
  redirectUri: string;
  resource: string | null;
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

const BASE = '/api/auth/v1';
const session = (id: string) => `${BASE}/sessions/${encodeURIComponent(id)}`;

export const auth = {
  question: (id: string) => request<Question>(session(id)),

  answer: (id: string, answer: 'approve' | 'reject') =>
    request<{ redirectUrl: string }>(`${session(id)}/${answer}`, { method: 'POST' }),

  acting: () => request<{ items: Acting[] }>(`${BASE}/acting`).then(answer => answer.items),

  endActing: (id: string) =>
    request<void>(`${BASE}/acting/${encodeURIComponent(id)}`, { method: 'DELETE' }),
};
