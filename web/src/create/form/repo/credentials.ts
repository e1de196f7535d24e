/** Tokens of the person who fills in a form, for the host of a repository (`requestUserCredentials`). */

import { useEffect, useRef, useState } from 'react';
import { isRecord } from '../../../api/entity';
import type { CodeHost } from '../../../app/boot';
import { askForToken, tokenFor } from '../../../session/providers';
import type { FormContext, Secrets } from '../context';
import { hostNamed, readRepoUrl, texts } from '../repoUrl';

export interface Asked {
  /** The secret that the token becomes. */
  secretsKey: string;
  additionalScopes: Record<string, unknown>;
}

/** What a field asks for with its options. */
export function askedBy(options: Record<string, unknown>): Asked | undefined {
  const asked = options.requestUserCredentials;
  if (!isRecord(asked) || typeof asked.secretsKey !== 'string') return undefined;
  const { additionalScopes } = asked;
  return {
    secretsKey: asked.secretsKey,
    additionalScopes: isRecord(additionalScopes) ? additionalScopes : {},
  };
}

/** What writing to repositories needs, as Backstage asks for it. */
const SCOPES: Record<string, string[]> = {
  github: ['repo', 'read:org', 'read:user', 'gist'],
  gitlab: ['read_user', 'read_api', 'read_repository', 'write_repository', 'api'],
  bitbucketCloud: [
    'account',
    'team',
    'pullrequest',
    'snippet',
    'issue',
    'pullrequest:write',
    'snippet:write',
    'issue:write',
  ],
  bitbucketServer: ['PUBLIC_REPOS', 'REPO_READ', 'REPO_WRITE'],
};

export function scopesFor(kind: string, { additionalScopes }: Asked): string[] {
  const name = kind.startsWith('bitbucket') ? 'bitbucket' : kind;
  return [...new Set([...(SCOPES[kind] ?? []), ...texts(additionalScopes[name])])];
}

/** The host that a field is about. */
export function hostOfField(
  field: string,
  value: unknown,
  options: Record<string, unknown>,
  context: Pick<FormContext, 'repoUrl'>,
): string {
  if (field === 'RepoUrlPicker') {
    const { host } = readRepoUrl(typeof value === 'string' ? value : '');
    return host || texts(options.allowedHosts)[0] || '';
  }
  if (field === 'RepoOwnerPicker' && typeof options.host === 'string') return options.host;
  return readRepoUrl(context.repoUrl).host;
}

/** The host for which a person still has to give a token. */
export function hostWithoutToken(
  host: string,
  asked: Asked | undefined,
  { all, hosts }: Secrets,
): CodeHost | undefined {
  const found = hostNamed(host);
  if (!asked || !found?.provider) return undefined;
  return all[asked.secretsKey] && hosts[asked.secretsKey] === host ? undefined : found;
}

export interface Credentials {
  host: CodeHost | undefined;
  /** For this host and no other. */
  token: string | undefined;
  isAsking: boolean;
  error: Error | undefined;
  /** Must be called while handling a click. */
  ask: () => void;
}

/** The token for a host: as it was given before, else when the person is asked. */
export function useCredentials(
  name: string,
  asked: Asked | undefined,
  secrets: Secrets,
): Credentials {
  const { all, hosts, set } = secrets;
  const [isAsking, setAsking] = useState(false);
  const [error, setError] = useState<Error>();
  const host = hostNamed(name);
  const key = asked?.secretsKey;
  const scopes = asked && host ? scopesFor(host.kind, asked).join(' ') : '';
  const held = key !== undefined && hosts[key] === name ? all[key] : undefined;
  const isForOther = key !== undefined && hosts[key] !== undefined && hosts[key] !== name;
  const provider = host?.provider;
  const before = useRef(name);
  useEffect(() => {
    // Only a host that was left here takes its token along: another field may be about another one.
    const isLeft = before.current !== name;
    before.current = name;
    if (key && isForOther && isLeft) set(key, undefined);
  }, [key, isForOther, name, set]);
  useEffect(() => {
    if (!key || !provider || held || isForOther) return;
    let isGone = false;
    tokenFor(provider, scopes.split(' ')).then(
      token => {
        if (!isGone && token) set(key, token, name);
      },
      // Then the person is asked.
      () => undefined,
    );
    return () => {
      isGone = true;
    };
  }, [key, provider, held, isForOther, scopes, name, set]);
  const ask = () => {
    if (!key || !provider) return;
    setAsking(true);
    setError(undefined);
    askForToken(provider, scopes.split(' '))
      .then(token => set(key, token, name), setError)
      .finally(() => setAsking(false));
  };
  return { host, token: held, isAsking, error, ask };
}
