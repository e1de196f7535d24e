/** A program asks to act for the user, who says yes or no. */

import { useMutation, useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Check, ShieldCheck, TriangleAlert } from 'lucide-react';
import { useEffect, useState } from 'react';
import { auth, type Question } from '../api/auth';
import { ApiError } from '../api/client';
import { config } from '../app/boot';
import { session } from '../session/session';
import { useUser } from '../session/useSession';
import { Button } from '../ui/Button';
import { EntityLink } from '../ui/EntityLink';
import { Notice, Skeleton } from '../ui/Small';
import { Empty, ErrorState } from '../ui/States';
import { grantsOf, originOf, targetOf } from './scopes';
import './consent.css';

export default function ConsentPage() {
  const { id } = useParams({ from: '/oauth2/authorize/$id' });
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['question', id],
    queryFn: () => auth.question(id),
    retry: false,
    refetchOnWindowFocus: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const name = data?.clientName || 'A program';
  useEffect(() => {
    document.title = `${name} asks · ${config.title}`;
  }, [name]);
  return (
    <div className="consent card">
      {isPending && <Waiting />}
      {error && <Trouble error={error} onRetry={() => refetch()} />}
      {data && <Asking question={data} />}
    </div>
  );
}

function Waiting() {
  return (
    <div aria-busy="true">
      <h1>A program asks to act for you</h1>
      <Skeleton width="80%" />
      <Skeleton width="60%" />
      <Skeleton width="70%" />
    </div>
  );
}

function Trouble({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const isGone = error instanceof ApiError && (error.status === 400 || error.status === 404);
  return (
    <>
      <h1>A program asks to act for you</h1>
      {isGone ? (
        <Empty title="This question is no longer open">
          It was answered, or more than an hour has passed. Start again in the program that asked.
        </Empty>
      ) : (
        <ErrorState error={error} onRetry={onRetry} />
      )}
    </>
  );
}

function Asking({ question }: { question: Question }) {
  const [left, setLeft] = useState<'approve' | 'reject'>();
  const answer = useMutation({
    mutationFn: (verdict: 'approve' | 'reject') => auth.answer(question.id, verdict),
    onSuccess: ({ redirectUrl }, verdict) => {
      setLeft(verdict);
      location.assign(redirectUrl);
    },
  });
  if (left) return <Left verdict={left} name={question.clientName} />;
  const origin = originOf(question.clientId);
  return (
    <>
      <h1>Let {question.clientName} act for you?</h1>
      <p className="consent-origin" data-verified={origin.isVerified ? '' : undefined}>
        {origin.isVerified ? <ShieldCheck aria-hidden /> : <TriangleAlert aria-hidden />}
        <span>{origin.isVerified ? <code>{origin.text}</code> : origin.text}</span>
      </p>
      <div>
        <h2>It could</h2>
        <ul className="consent-grants">
          {grantsOf(question).map(grant => (
            <li key={grant}>
              <Check aria-hidden /> <span>{grant}</span>
            </li>
          ))}
        </ul>
      </div>
      <Facts question={question} />
      {answer.error && <Notice tone="error">{answer.error.message}</Notice>}
      <div className="consent-answers">
        <Button disabled={answer.isPending} onClick={() => answer.mutate('reject')}>
          Deny
        </Button>
        <Button
          variant="primary"
          disabled={answer.isPending}
          onClick={() => answer.mutate('approve')}
        >
          Allow
        </Button>
      </div>
    </>
  );
}

function Facts({ question }: { question: Question }) {
  const user = useUser();
  return (
    <dl className="facts">
      <dt>You are</dt>
      <dd>
        <EntityLink entityRef={user.userEntityRef} />
        <button type="button" className="link" onClick={() => void session.signOut()}>
          Not you? Sign out
        </button>
      </dd>
      <dt>The answer goes to</dt>
      <dd>{targetOf(question.redirectUri)}</dd>
    </dl>
  );
}

/** Programs with an address of their own do not replace this page. */
function Left({ verdict, name }: { verdict: 'approve' | 'reject'; name: string }) {
  return (
    <>
      <h1>{verdict === 'approve' ? `${name} may act for you` : `${name} may not act for you`}</h1>
      <p role="status">Your answer is on its way. You can close this page.</p>
    </>
  );
}
