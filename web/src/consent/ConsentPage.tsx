/** A program asks to act for the user, who says yes or no. */

import { useMutation, useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { auth, type Question, type Verdict } from '../api/auth';
import { ApiError } from '../api/client';
import { Empty, ErrorState } from '../ui/States';
import { Box, RequestView, Waiting } from './Asking';
import { isLocal, targetOf } from './scopes';

const TITLE = 'A program asks to act for you';

export default function ConsentPage() {
  const { id } = useParams({ from: '/oauth2/authorize/$id' });
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['question', id],
    queryFn: () => auth.question(id),
    retry: false,
    refetchOnWindowFocus: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (data) return <Asked question={data} />;
  return (
    <Box title={TITLE} isBusy={isPending}>
      {isPending && <Waiting />}
      {error && <Trouble error={error} onRetry={() => refetch()} />}
    </Box>
  );
}

function Trouble({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const isGone = error instanceof ApiError && (error.status === 400 || error.status === 404);
  if (!isGone) return <ErrorState error={error} onRetry={onRetry} />;
  return (
    <Empty title="This question is no longer open">
      It was answered, or more than an hour has passed. Start again in the program that asked.
    </Empty>
  );
}

function Asked({ question }: { question: Question }) {
  const [left, setLeft] = useState<Verdict>();
  const answer = useMutation({
    mutationFn: (verdict: Verdict) => auth.answer(question.id, verdict),
    onSuccess: ({ redirectUrl }, verdict) => {
      setLeft(verdict);
      location.assign(redirectUrl);
    },
  });
  const { clientName, redirectUri } = question;
  // Programs with an address of their own do not replace this page.
  if (left) {
    return (
      <Box title={`${clientName} ${left === 'approve' ? 'may' : 'may not'} act for you`}>
        <p role="status">Your answer is on its way. You can close this page.</p>
      </Box>
    );
  }
  return (
    <Box title={`Let ${clientName} act for you?`}>
      <RequestView
        asking={question}
        isBusy={answer.isPending}
        error={answer.error}
        onAnswer={answer.mutate}
        facts={
          <>
            <dt>The answer goes to</dt>
            <dd>
              {targetOf(redirectUri)}
              {isLocal(redirectUri) && (
                <span className="muted">Allow it only if you have just started it.</span>
              )}
            </dd>
          </>
        }
      />
    </Box>
  );
}
