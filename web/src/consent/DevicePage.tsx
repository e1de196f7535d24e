/** A program without a browser shows a code, which the user types here. */

import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type FormEvent, useId, useRef, useState } from 'react';
import { auth, type Device, type Verdict } from '../api/auth';
import { ApiError } from '../api/client';
import { Button } from '../ui/Button';
import { Time } from '../ui/Small';
import { Empty, ErrorState } from '../ui/States';
import { Box, RequestView, Waiting } from './Asking';
import { LENGTH, readCode, showCode } from './code';

const route = getRouteApi('/oauth2/device');

export default function DevicePage() {
  const { user_code } = route.useSearch();
  // A code of the address is only filled in: whoever made the link could be waiting with it.
  const [code, setCode] = useState<string>();
  if (code === undefined) return <CodeForm initial={user_code ?? ''} onCode={setCode} />;
  return <Found code={code} onBack={() => setCode(undefined)} />;
}

function CodeForm({ initial, onCode }: { initial: string; onCode: (code: string) => void }) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(showCode(readCode(initial)));
  const [fault, setFault] = useState<string>();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const code = readCode(text);
    if (code.length === LENGTH) return onCode(code);
    setFault(`A code has ${LENGTH} letters.`);
    input.current?.focus();
  };
  return (
    <Box title="Enter the code of a program">
      <form className="column" onSubmit={submit} noValidate>
        <div className="field">
          <label htmlFor={id}>Code</label>
          <input
            id={id}
            ref={input}
            className="input code-input"
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
            placeholder="BCDF-GHJK"
            value={text}
            aria-invalid={fault !== undefined}
            aria-describedby={`${id}h`}
            onChange={event => {
              setText(showCode(readCode(event.target.value)));
              setFault(undefined);
            }}
          />
          <span id={`${id}h`} className={fault ? 'field-error' : 'field-help'}>
            {fault ?? 'Only a code that a program shows you now, never one that somebody sent you.'}
          </span>
        </div>
        <Button type="submit" variant="primary">
          Continue
        </Button>
      </form>
    </Box>
  );
}

function Found({ code, onBack }: { code: string; onBack: () => void }) {
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['device', code],
    queryFn: () => auth.device(code),
    retry: false,
    refetchOnWindowFocus: false,
    gcTime: 0,
  });
  if (data) return <Asked device={data} />;
  const isUnknown = error instanceof ApiError && error.status === 400;
  return (
    <Box title="Enter the code of a program" isBusy={isPending}>
      {isPending && <Waiting />}
      {isUnknown && (
        <Empty
          title={`Nobody waits with ${showCode(code)}`}
          actions={<Button onClick={onBack}>Try another code</Button>}
        >
          It was mistyped, was answered, or is older than ten minutes.
        </Empty>
      )}
      {error && !isUnknown && <ErrorState error={error} onRetry={() => refetch()} />}
    </Box>
  );
}

function Asked({ device }: { device: Device }) {
  const answer = useMutation({
    mutationFn: (verdict: Verdict) => auth.answerDevice(device.userCode, verdict),
  });
  const { clientName, expiresAt } = device;
  if (answer.isSuccess) {
    return (
      <Box
        title={`${clientName} ${answer.variables === 'approve' ? 'may' : 'may not'} act for you`}
      >
        <p role="status">Go back to the program; it goes on by itself.</p>
      </Box>
    );
  }
  return (
    <Box title={`Let ${clientName} act for you?`}>
      <RequestView
        asking={device}
        isBusy={answer.isPending}
        error={answer.error}
        onAnswer={answer.mutate}
        facts={
          <>
            <dt>It waits with</dt>
            <dd>
              <code>{showCode(device.userCode)}</code>
              <span className="muted">
                ends <Time at={Date.parse(expiresAt)} />
              </span>
            </dd>
          </>
        }
      />
    </Box>
  );
}
