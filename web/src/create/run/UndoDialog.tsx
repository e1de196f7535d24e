/** Taking back what a run made. */

import { useMutation } from '@tanstack/react-query';
import { scaffolder, type UndoneStep } from '../../api/scaffolder';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Notice } from '../../ui/Small';

interface UndoDialogProps {
  taskId: string;
  onClose: () => void;
  /** Something was taken back, so that the log has more lines. */
  onDone: () => void;
}

export function UndoDialog({ taskId, onClose, onDone }: UndoDialogProps) {
  const undo = useMutation({ mutationFn: () => scaffolder.undo(taskId), onSuccess: onDone });
  const report = undo.data;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Undo this run"
      actions={
        report ? (
          <Button onClick={onClose}>Close</Button>
        ) : (
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button variant="danger" disabled={undo.isPending} onClick={() => undo.mutate()}>
              Undo
            </Button>
          </>
        )
      }
    >
      {!report && (
        <p>
          What its steps made is taken back where that is possible: what they registered in the
          catalog is unregistered. Repositories and other services stay as they are.
        </p>
      )}
      {undo.error && <Notice tone="error">{undo.error.message}</Notice>}
      {report?.undone.length === 0 && <p>There was nothing that could be taken back.</p>}
      <List title="Taken back" steps={report?.undone ?? []} />
      <List title="Left as it is" steps={report?.kept ?? []} />
    </Dialog>
  );
}

function List({ title, steps }: { title: string; steps: UndoneStep[] }) {
  if (steps.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul>
        {steps.map(({ stepId, action, by, reason }) => (
          <li key={`${stepId} ${by ?? reason}`}>
            {stepId} (<code>{action}</code>): {by ?? reason}
          </li>
        ))}
      </ul>
    </>
  );
}
