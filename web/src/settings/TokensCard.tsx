/** How programs get in: the command line for the user, and programs with a token of their own. */

import { useQuery } from '@tanstack/react-query';
import { auth, type Program } from '../api/auth';
import { config } from '../app/boot';
import { MAY, useMay } from '../session/may';
import { Card } from '../ui/Page';
import { CopyButton, Notice, SkeletonRows, Time } from '../ui/Small';
import { Empty, ErrorState, Needs } from '../ui/States';

export function TokensCard() {
  const mayRead = useMay(MAY.readConfig);
  const acting = useQuery({ queryKey: ['acting'], queryFn: auth.acting });
  const login = `callboard login ${location.origin}${config.basePath}`;
  return (
    <Card title="Tokens">
      <p>
        The command line acts for you once you let it: it opens this portal, asks, and keeps its own
        token.
      </p>
      <div className="command">
        <pre>{login}</pre>
        <CopyButton text={login} label="Copy the command" />
      </div>
      {acting.data?.isOn === false && (
        <Notice tone="info">It is refused here as long as no program may act for people.</Notice>
      )}
      {mayRead && <Programs />}
    </Card>
  );
}

const KINDS: Record<Program['kind'], string> = {
  made: 'made on the command line',
  static: 'in the configuration',
  legacy: 'in the configuration, of the older backend',
  jwks: 'of another issuer',
};

function Programs() {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['programs'],
    queryFn: auth.programs,
  });
  return (
    <Needs.Provider value={MAY.readConfig}>
      <h3 className="tokens-title">Programs with a token of their own</h3>
      {isPending && <SkeletonRows n={2} />}
      {error && <ErrorState error={error} onRetry={() => refetch()} />}
      {data?.items.length === 0 && (
        <Empty
          title="No program has one"
          example="callboard token create --subject ci --only catalog"
        >
          Who runs the portal makes them:
        </Empty>
      )}
      <ul className="programs">
        {data?.items.map((item, at) => (
          <li key={at}>
            <code>{item.subject}</code>{' '}
            <span className="muted">
              {KINDS[item.kind]}
              {item.plugins && `, only ${item.plugins.join(', ')}`}
              {item.expiresAt !== undefined && (
                <>
                  , ends <Time at={item.expiresAt} />
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
    </Needs.Provider>
  );
}
